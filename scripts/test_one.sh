#!/usr/bin/env bash
# One test file, or one test of it, in either language: the name of a file below tests/, for Python
# with pytest's ::name if wanted. R's tests run on the source, without an installation, by pkgload.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
export OMP_WAIT_POLICY=PASSIVE

file=${1:-}
[ -n "$file" ] || die "FILE is not given." "For example:  make test-one FILE=tests/python/test_checks.py"
[ -e "${file%%::*}" ] || die "There is no file ${file%%::*}."
[ -x .venv/bin/python ] || die "There is no .venv yet." "First:  make setup"

case $file in
  *.R) with_r .rlib Rscript scripts/test_one.R "$file" ;;
  *.py | *.py::*) with_r .rlib .venv/bin/python -m pytest -q -p no:cacheprovider "$file" ;;
  *) die "$file is neither a Python nor an R test file." ;;
esac
