# shellcheck shell=bash
# A Python with its shared library, and .venv made from it.

probe_python() {
  "$1" scripts/lib/probe_python.py "$PYTHON_MINIMUM" 2>/dev/null || echo "no it does not run"
}

# Sets BASE_PYTHON and BASE_VERSION; fills PYTHON_REASONS with why not.
search_python() {
  local name verdict path candidates=("${PYTHON_NAMES[@]}")
  if [ -n "${PYTHON:-}" ]; then
    # A Python asked for by name is taken or refused, never swapped in silence.
    candidates=("$PYTHON")
  elif [ -f "$STAMPS/base" ]; then
    # Once chosen it stays, or `make test` would undo `make setup PYTHON=...`.
    candidates=("$(<"$STAMPS/base")" "${candidates[@]}")
  fi
  PYTHON_REASONS=()
  for name in "${candidates[@]}"; do
    path=$(command -v "$name") || continue
    verdict=$(probe_python "$path")
    if [ "${verdict%% *}" = ok ]; then
      read -r _ BASE_VERSION BASE_PYTHON <<<"$verdict"
      return 0
    fi
    PYTHON_REASONS+=("$path: ${verdict#no }")
  done
  return 1
}

# The distribution's own Python, installed or not: "3.11", or nothing.
distribution_python() {
  if [ -x /usr/bin/python3 ]; then
    /usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])'
  else
    apt-cache show --no-all-versions python3 2>/dev/null |
      sed -n 's/^Version: \([0-9]*\.[0-9]*\).*/\1/p' | sed -n 1p
  fi
}

# Debian's packages that would give a Python that will do, into APT_WANTED.
want_python() {
  local version minor
  if search_python; then
    want_pip
    return 0
  fi
  if [ -n "${PYTHON:-}" ] || ! is_debian_family; then no_python; fi
  apt_prepare
  version=$(distribution_python)
  if [ -n "$version" ] && version_at_least "$version" "$PYTHON_MINIMUM"; then
    APT_WANTED+=(python3 python3-venv python3-pip "libpython$version" "libpython$version-dev")
    return 0
  fi
  for minor in 14 13 12 11; do
    if apt_has "python3.$minor-venv"; then
      APT_WANTED+=("python3.$minor" "python3.$minor-venv" python3-pip "libpython3.$minor" "libpython3.$minor-dev")
      return 0
    fi
  done
  no_python
}

# reticulate makes environments, as install_pytwolayer() has it do, only with a
# Python that has pip, and Debian's own comes without. A test alone needs it, so
# nobody is asked for root on its account.
want_pip() {
  if [[ "$BASE_PYTHON" != /usr/bin/* ]] || has_pip || ! is_debian_family; then return 0; fi
  if as_root >/dev/null; then APT_WANTED+=(python3-pip); fi
}

has_pip() {
  "$BASE_PYTHON" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("pip") is None)'
}

no_python() {
  local wanted="Python $PYTHON_MINIMUM or later with its shared library"
  if [ -n "${PYTHON:-}" ]; then
    die "PYTHON=$PYTHON will not do; wanted is a $wanted." \
      "${PYTHON_REASONS[@]:-there is no such command}" "Leave PYTHON unset to let setup look for one."
  fi
  die "found no $wanted." ${PYTHON_REASONS[@]+"${PYTHON_REASONS[@]}"} \
    "Install one (for example: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install $PYTHON_MINIMUM)" \
    "and run:  make setup PYTHON=/path/to/python3"
}

venv_key() { hash_text "$BASE_PYTHON" "$BASE_VERSION" "$ROOT"; }

# .venv holds the log that is being written, so it is emptied around that.
make_venv() {
  if stamp_is venv "$(venv_key)" && [ -x .venv/bin/python ]; then return 0; fi
  say "Making .venv with Python $BASE_VERSION ($BASE_PYTHON)"
  find .venv -mindepth 1 -maxdepth 1 -not -name "${LOG##*/}" -exec rm -rf {} +
  logged "$BASE_PYTHON" -m venv .venv
  stamp_set venv "$(venv_key)"
  stamp_set base "$BASE_PYTHON"
}

pip_install() {
  logged .venv/bin/python -m pip install --disable-pip-version-check --no-input -q "$@"
}

# torch goes first and alone: asked for with others, or with options, pip may
# settle on a build that brings gigabytes of GPU libraries.
install_python_packages() {
  local key requirements=scripts/requirements-dev.txt torch
  key=$(hash_files "$requirements")
  if stamp_is packages "$key"; then return 0; fi
  torch=$(grep '^torch==' "$requirements")
  if ! .venv/bin/python -c "import importlib.metadata as m, sys
sys.exit(m.version('torch').split('+')[0] != '${torch#torch==}')" 2>/dev/null; then
    say "Installing $torch into .venv (large)"
    pip_install "$torch"
  fi
  say "Installing the Python packages of $requirements"
  pip_install -r "$requirements"
  stamp_set packages "$key"
}

# Development mode: what is edited in pytwolayer/ is what runs. The build uses
# .venv's own pinned setuptools, so nothing is fetched.
install_package_editable() {
  local key
  if [ ! -f pytwolayer/__init__.py ]; then return 0; fi
  key=$(hash_text "$(hash_files pyproject.toml)" "$(grep -h '__version__ *[:=]' pytwolayer/_version.py || true)")
  if stamp_is editable "$key"; then return 0; fi
  say "Installing pytwolayer into .venv in development mode"
  pip_install --no-deps --no-build-isolation -e .
  stamp_set editable "$key"
}

rpy2_wanted() {
  if version_at_least "$R_VERSION" "$RPY2_SPLIT"; then
    echo "${RPY2_FROM_SPLIT[@]}"
  else
    echo "${RPY2_BEFORE_SPLIT[@]}"
  fi
}

rpy2_key() { hash_text "$(rpy2_wanted)" "$R_VERSION" "$R_HOME_DIR"; }

rpy2_is_installed() { stamp_is rpy2 "$(rpy2_key)" && stamp_is venv "$(venv_key)"; }

# rpy2 is for tests alone: users need it not, and without it the rest is tested.
install_rpy2() {
  local wanted
  if rpy2_is_installed; then return 0; fi
  read -r -a wanted <<<"$(rpy2_wanted)"
  if ! failed_today rpy2 "$(rpy2_key)"; then
    say "Installing ${wanted[0]} for R $R_VERSION"
    # A failed import is not always an ImportError, so R is really started.
    if quietly .venv/bin/python -m pip install --disable-pip-version-check --no-input -q "${wanted[@]}" &&
      quietly .venv/bin/python -c 'import rpy2.robjects as r; assert r.r("1 + 1")[0] == 2'; then
      stamp_set rpy2 "$(rpy2_key)"
      return 0
    fi
    failed_now rpy2 "$(rpy2_key)"
  fi
  say "  rpy2 could not be installed (see $LOG): the tests that run R inside Python are skipped."
  say "  To try by hand:  .venv/bin/python -m pip install ${wanted[*]}"
}
