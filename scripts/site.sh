#!/usr/bin/env bash
# Builds the documentation site in build/site, run by `make site` after setup: what it needs first,
# then scripts/website/build.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# shellcheck source=scripts/lib/apt.sh
source scripts/lib/apt.sh

has_r_package() {
  env -u R_LIBS Rscript -e 'q(status = !requireNamespace(commandArgs(TRUE), quietly = TRUE))' "$1" 2>/dev/null
}

want_system_packages() {
  local wanted=()
  has_r_package pkgdown || wanted+=(r-cran-pkgdown)
  command -v dot >/dev/null || wanted+=(graphviz)
  if [ ${#wanted[@]} -gt 0 ]; then apt_install "${wanted[@]}"; fi
}

# Examples of pages that need one of these are shown without being run where it is missing.
want_example_packages() {
  local name wanted=()
  as_root >/dev/null && is_debian_family || return 0
  for name in caret DBI RSQLite; do
    has_r_package "$name" || ! apt_has "r-cran-${name,,}" || wanted+=("r-cran-${name,,}")
  done
  if [ ${#wanted[@]} -gt 0 ]; then apt_install "${wanted[@]}"; fi
}

# Sphinx imports the package, so .venv's packages are seen from here, after its own.
make_site_venv() {
  local requirements=scripts/requirements-site.txt key
  key=$(hash_text "$(<"$STAMPS/venv")" "$(hash_files "$requirements")")
  if stamp_is site "$key" && [ -x .site-venv/bin/python ]; then return 0; fi
  say "Making .site-venv with what $requirements names"
  rm -rf .site-venv
  logged "$(<"$STAMPS/base")" -m venv .site-venv
  logged .site-venv/bin/python -m pip install --disable-pip-version-check --no-input -q -r "$requirements"
  .venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    >"$(.site-venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/checkout.pth"
  stamp_set site "$key"
}

want_system_packages
want_example_packages
make_site_venv
exec .site-venv/bin/python scripts/website/build.py "$@"
