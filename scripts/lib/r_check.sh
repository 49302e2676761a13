# shellcheck shell=bash
# R CMD check of a tarball, as `make check` and `make release` want it.

# Without the network: no clock to compare with, no repository to ask. The
# manual as PDF would need LaTeX.
check_environment() {
  export _R_CHECK_CRAN_INCOMING_=false _R_CHECK_SYSTEM_CLOCK_=false _R_CHECK_FORCE_SUGGESTS_=false
  # What the package works with besides, and Debian lacks, stands under Enhances.
  export _R_CHECK_PACKAGE_DEPENDS_IGNORE_MISSING_ENHANCES_=true
  # R CMD check builds the vignettes, which runs their code: it need not run that by itself before.
  export _R_CHECK_VIGNETTES_SKIP_RUN_MAYBE_=true
  export _R_CHECK_XREFS_USE_ALIASES_FROM_CRAN_=false R_CHECK_ENVIRON=/dev/null R_BUILD_ENVIRON=/dev/null
}

# check_tarball FILE OPTION...: leaves pytwolayer.Rcheck in this folder. Only "Status: OK" passes.
check_tarball() {
  local file=$1 status=0
  shift
  with_r .rlib R CMD check --no-manual "$@" "$file" || status=$?
  if [ "$status" = 0 ] && grep -qx 'Status: OK' pytwolayer.Rcheck/00check.log; then return 0; fi
  # What R CMD check says of a failed test or example is only its tail.
  find pytwolayer.Rcheck \( -name '*.Rout.fail' -o -name 00install.out \) -print -exec tail -n 500 {} \;
  die "R CMD check is not clean: $(grep '^Status' pytwolayer.Rcheck/00check.log || echo 'it did not finish')"
}
