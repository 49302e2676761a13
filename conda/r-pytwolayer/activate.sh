if [ -z "${RETICULATE_PYTHON:-}" ]; then
  export RETICULATE_PYTHON="$CONDA_PREFIX/lib/r-pytwolayer/python/bin/python"
fi
