if [ "${RETICULATE_PYTHON:-}" = "$CONDA_PREFIX/lib/r-pytwolayer/python/bin/python" ]; then
  unset RETICULATE_PYTHON
fi
