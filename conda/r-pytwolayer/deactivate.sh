if [ "${RETICULATE_PYTHON:-}" = "$CONDA_PREFIX/bin/python" ]; then
  unset RETICULATE_PYTHON
fi
