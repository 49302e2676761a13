#!/usr/bin/env bash
# Makes .venv (Python, pytwolayer in development mode) and .rlib (an R library
# with the R package), and installs what is missing for them. Run by `make
# setup`; does nothing, quickly, when nothing is to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# shellcheck source=scripts/versions.sh
source scripts/versions.sh
# shellcheck source=scripts/lib/apt.sh
source scripts/lib/apt.sh
# shellcheck source=scripts/lib/python.sh
source scripts/lib/python.sh
# shellcheck source=scripts/lib/r.sh
source scripts/lib/r.sh

# Two set-ups at once would tread on one another; the second waits. The lock is
# on the folder itself and ends with this process.
lock() {
  command -v flock >/dev/null || return 0
  exec 9<"$ROOT"
  flock 9
}

main() {
  mkdir -p .venv .rlib
  lock
  printf '== setup, %s\n' "$(date)" >>"$LOG"
  APT_WANTED=()
  want_python
  want_r
  install_system_packages
  make_venv
  install_python_packages
  install_package_editable
  install_rpy2
  install_reticulate
  install_r_package
  link_stock_library
  compile_core
}

main "$@"
