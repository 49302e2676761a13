#!/usr/bin/env bash
# R CMD build and R CMD check of the tarball, with tests, examples and vignettes
# run for real. Only "Status: OK" passes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh

# Without the network: no clock to compare with, no repository to ask. The
# manual as PDF would need LaTeX.
export _R_CHECK_CRAN_INCOMING_=false _R_CHECK_SYSTEM_CLOCK_=false _R_CHECK_FORCE_SUGGESTS_=false
# What the package works with besides, and Debian lacks, stands under Enhances.
export _R_CHECK_PACKAGE_DEPENDS_IGNORE_MISSING_ENHANCES_=true
# Read by tests/testthat.R.
if [ $# -gt 0 ]; then export PYTWOLAYER_TEST_COUNTS=$1; fi
export _R_CHECK_XREFS_USE_ALIASES_FROM_CRAN_=false R_CHECK_ENVIRON=/dev/null R_BUILD_ENVIRON=/dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy_r_source "$work"
cd "$work"

if ! with_r .rlib R CMD build --no-manual pytwolayer; then
  die "R CMD build failed; see above."
fi
status=0
with_r .rlib R CMD check --no-manual pytwolayer_*.tar.gz || status=$?
if [ "$status" != 0 ] || ! grep -qx 'Status: OK' pytwolayer.Rcheck/00check.log; then
  # What R CMD check says of a failed test or example is only its tail.
  find pytwolayer.Rcheck \( -name '*.Rout.fail' -o -name 00install.out \) -print -exec tail -n 500 {} \;
  die "R CMD check is not clean: $(grep '^Status' pytwolayer.Rcheck/00check.log || echo 'it did not finish')"
fi
