# shellcheck shell=bash
# Each package of a release in an environment that holds nothing else, with the first example
# that the README has in its language. Set before: work, wheel, sdist, r_package.

# Nothing of this checkout or of the user's own settings is found in there.
bare() {
  (cd "$work/try" && env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$work/try" LC_ALL=C.UTF-8 \
    OMP_WAIT_POLICY=PASSIVE MPLBACKEND=agg "$@")
}

# empty_python FOLDER: an environment with PyTorch. It goes first and alone, in the version of
# development, as in setup: asked for with others, pip may settle on a build that is far larger.
empty_python() {
  rm -rf "$1"
  "$(<"$STAMPS/base")" -m venv "$1"
  pip_in "$1" "$(grep '^torch==' scripts/requirements-dev.txt)"
}

pip_in() {
  local folder=$1
  shift
  "$folder/bin/python" -m pip install -q --disable-pip-version-check --no-input "$@"
}

try_python_package() {
  say "Trying ${1##*/}"
  empty_python "$work/try/python"
  pip_in "$work/try/python" "$1"
  bare "$work/try/python/bin/python" example.py
  bare "$work/try/python/bin/pytwolayer" chapter --csv losses.csv >/dev/null
}

# The Python there has what the core needs, and no pytwolayer: R's package brings its own.
try_r_package() {
  local library=$work/try/library
  say "Trying ${r_package##*/}"
  mkdir "$library"
  # Where the system has no reticulate, or one too old for this Python, setup has put one into .rlib.
  if [ -d .rlib/reticulate ]; then cp -r .rlib/reticulate "$library/"; fi
  "$work/try/python/bin/python" -m pip uninstall -q -y pytwolayer
  bare env R_LIBS="$library" R CMD INSTALL --library="$library" "$r_package"
  bare env R_LIBS="$library" RETICULATE_PYTHON="$work/try/python/bin/python" Rscript example.R
}

try_packages() {
  mkdir "$work/try"
  .venv/bin/python scripts/first_example.py README.md python >"$work/try/example.py"
  .venv/bin/python scripts/first_example.py README.md r >"$work/try/example.R"
  try_python_package "$wheel"
  try_python_package "$sdist"
  try_r_package
}
