#!/usr/bin/env bash
# Everything that is checked, in order; run by `make test` after setup. All legs
# run even if one fails. The last line is the sum; the exit status decides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# shellcheck source=scripts/versions.sh
source scripts/versions.sh

# Threads that wait for one another must not spin: on busy processors that makes small
# matrix products many times slower.
export OMP_WAIT_POLICY=PASSIVE

counts=$(mktemp -d)
trap 'rm -rf "$counts"' EXIT
passed=0
failed=0
failed_legs=()

# leg NAME COMMAND...: the command writes "PASSED FAILED" into $counts/leg. One
# that dies before it does, or fails without saying what, counts as one failure.
leg() {
  local name=$1 good=0 bad=0 status=0
  shift
  printf '\n==== %s\n' "$name"
  rm -f "$counts/leg"
  "$@" || status=$?
  if [ -s "$counts/leg" ]; then read -r good bad <"$counts/leg"; fi
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  if [ "$status" != 0 ]; then failed_legs+=("$name"); fi
}

python_tests() {
  local status=0
  with_r .rlib .venv/bin/python -m pytest "$1" --junitxml="$counts/junit.xml" || status=$?
  .venv/bin/python scripts/count_junit.py "$counts/junit.xml" >"$counts/leg" || true
  rm -f "$counts/junit.xml"
  return "$status"
}

r_tests() { with_r "$1" Rscript scripts/run_testthat.R "$counts/leg"; }

check_package() {
  if scripts/check.sh; then echo "1 0" >"$counts/leg"; else return 1; fi
}

reticulate_version() {
  with_r "$1" Rscript -e 'cat(as.character(packageVersion("reticulate")))'
}

newest=$(reticulate_version .rlib)
stock=$(reticulate_version .rlib-stock)

leg "lint" scripts/lint.sh "$counts/leg"
leg "Python tests" python_tests tests/python
leg "R tests, reticulate $newest" r_tests .rlib
if [ "$newest" != "$stock" ]; then
  leg "R tests, the system's reticulate $stock" r_tests .rlib-stock
else
  printf '\n==== R tests, the system'"'"'s reticulate: the same %s, already run\n' "$stock"
fi
leg "R and Python against each other, reticulate $newest" python_tests tests/cross
leg "R CMD build and R CMD check" check_package

printf '\n'
for name in ${failed_legs[@]+"${failed_legs[@]}"}; do say "failed: $name"; done
say "$passed passed, $failed failed"
[ ${#failed_legs[@]} = 0 ]
