# reticulate takes no Python of a conda environment by itself: it would download another.
if [ -z "${RETICULATE_PYTHON:-}" ]; then
  export RETICULATE_PYTHON="$CONDA_PREFIX/bin/python"
fi
