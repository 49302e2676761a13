# Run while the package is built: what has reticulate take the Python of the environment. By itself
# it takes none of a conda environment, and one that is named it starts by way of conda, which the
# environments of pixi and rattler do not have. So R is given a virtual environment of that Python.
set -euo pipefail
folder=$PREFIX/lib/r-pytwolayer/python
mkdir -p "$folder/bin"
ln -s ../../../../bin/python "$folder/bin/python"
printf 'home = %s/bin\ninclude-system-site-packages = true\n' "$PREFIX" >"$folder/pyvenv.cfg"
for hook in activate deactivate; do
  mkdir -p "$PREFIX/etc/conda/$hook.d"
  cp "$RECIPE_DIR/$hook.sh" "$PREFIX/etc/conda/$hook.d/r-pytwolayer.sh"
done
