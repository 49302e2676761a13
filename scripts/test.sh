#!/usr/bin/env bash
# Everything that is checked, run by `make test` after setup. The longest leg runs beside the
# others, and its output comes after theirs. All legs run even if one fails. The last line is
# the sum; the exit status decides. Words name the legs to run, if not all: lint, python, r,
# stock (R with the system's reticulate), check, cross.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# shellcheck source=scripts/versions.sh
source scripts/versions.sh

# Threads that wait for one another must not spin: on busy processors that makes small
# matrix products many times slower.
export OMP_WAIT_POLICY=PASSIVE

legs=" ${*:-lint python r stock check cross} "
wanted() { [[ "$legs" == *" $1 "* ]]; }

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

# leg NAME COMMAND...: the command gets the name of a file for "PASSED FAILED" in $count. One
# that dies before it writes it, or fails without saying what, counts as one failure. Each leg
# leaves a line in $work/results.
leg() {
  local name=$1 good=0 bad=0 status=0
  count=$work/count.$BASHPID
  shift
  printf '\n==== %s\n' "$name"
  rm -f "$count"
  "$@" || status=$?
  if [ -s "$count" ]; then read -r good bad <"$count"; fi
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  echo "$good $bad $status $name" >>"$work/results"
}

python_tests() {
  local status=0
  with_r .rlib .venv/bin/python -m pytest "$1" -p no:cacheprovider --junitxml="$count.xml" || status=$?
  .venv/bin/python scripts/count_junit.py "$count.xml" >"$count" || true
  return "$status"
}

r_tests() { with_r "$1" Rscript scripts/run_testthat.R "$count"; }

lint() { scripts/lint.sh "$count"; }

check_package() {
  if scripts/check.sh; then echo "1 0" >"$count"; else return 1; fi
}

reticulate_version() {
  with_r "$1" Rscript -e 'cat(as.character(packageVersion("reticulate")))'
}

newest=$(reticulate_version .rlib)
stock=$(reticulate_version .rlib-stock)

cross="R and Python against each other, reticulate $newest"
: >"$work/cross.log"
if wanted cross; then
  say "Running beside the others: $cross"
  leg "$cross" python_tests tests/cross >"$work/cross.log" 2>&1 &
fi

if wanted lint; then leg "lint" lint; fi
if wanted python; then leg "Python tests" python_tests tests/python; fi
if wanted r; then leg "R tests, reticulate $newest" r_tests .rlib; fi
if wanted stock && [ "$newest" != "$stock" ]; then
  leg "R tests, the system's reticulate $stock" r_tests .rlib-stock
elif wanted stock; then
  printf '\n==== R tests, the system'"'"'s reticulate: the same %s, already run\n' "$stock"
fi
if wanted check; then leg "R CMD build and R CMD check" check_package; fi
wait
cat "$work/cross.log"

printf '\n'
passed=0
failed=0
broken=0
while read -r good bad status name; do
  passed=$((passed + good))
  failed=$((failed + bad))
  if [ "$status" != 0 ]; then
    broken=$((broken + 1))
    say "failed: $name"
  fi
done <"$work/results"
say "$passed passed, $failed failed"
[ "$broken" = 0 ]
