#!/usr/bin/env bash
# R CMD build and R CMD check of the tarball, with tests, examples and vignettes
# run for real. Only "Status: OK" passes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# shellcheck source=scripts/lib/r_check.sh
source scripts/lib/r_check.sh

check_environment
# Read by tests/testthat.R.
if [ $# -gt 0 ]; then export PYTWOLAYER_TEST_COUNTS=$1; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy_r_source "$work"
cd "$work"

if ! with_r .rlib R CMD build --no-manual pytwolayer; then
  die "R CMD build failed; see above."
fi
check_tarball pytwolayer_*.tar.gz
