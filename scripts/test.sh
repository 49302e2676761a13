#!/usr/bin/env bash
# Everything that is checked, run by `make test` after setup. One leg more runs at a time than there
# are processors, three at least, for each waits for something a fifth of its time. The longest
# begin, and those after them have what they leave of the processors. What a leg said is printed
# when it has ended. All legs run even if one fails. The last line is the sum; the exit status
# decides.
# Words name the legs to run, if not all: lint, python, r, stock (R with the system's reticulate),
# check, cross. R CMD check runs the tests that r runs, so with check there is no r of its own.
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
  SECONDS=0
  printf '\n==== %s\n' "$name"
  "$@" || status=$?
  if [ -s "$count" ]; then read -r good bad <"$count"; fi
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  times >"$count.times"
  printf '==== %s: %s passed, %s failed, in %s s (%s s of a processor)\n' \
    "$name" "$good" "$bad" "$SECONDS" "$(processor_seconds "$count.times")"
  echo "$good $bad $status $name" >>"$work/results"
}

# processor_seconds FILE: what `times` wrote there of a leg's commands, such as 1m2.345s 0m6.789s.
processor_seconds() {
  awk -F '[ms ]+' 'NR == 2 { print int(60 * $1 + $2 + 60 * $3 + $4) }' "$1"
}

processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
lanes=$((processors < 2 ? 3 : processors + 1))
started=0

# start NAME COMMAND...: a leg beside the others, as soon as one of the lanes is free.
start() {
  wait_for_fewer_than "$lanes"
  say "Started: $1"
  started=$((started + 1))
  {
    if [ "$started" -gt 2 ]; then renice -n 5 -p "$BASHPID" >/dev/null 2>&1 || true; fi
    leg "$@" >"$work/$BASHPID.log" 2>&1
    mv "$work/$BASHPID.log" "$work/$BASHPID.ended"
  } &
}

wait_for_fewer_than() {
  local log running
  while :; do
    running=$(jobs -pr | wc -l)
    for log in "$work"/*.ended; do
      if [ -e "$log" ]; then
        cat "$log"
        rm "$log"
      fi
    done
    if [ "$running" -lt "$1" ]; then return; fi
    wait -n || true
  done
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
  local status=0 good=0 bad=0
  scripts/check.sh "$count" || status=$?
  if [ -s "$count" ]; then read -r good bad <"$count"; fi
  if [ "$status" = 0 ]; then good=$((good + 1)); else bad=$((bad + 1)); fi
  echo "$good $bad" >"$count"
  return "$status"
}

reticulate_version() {
  with_r "$1" Rscript -e 'cat(as.character(packageVersion("reticulate")))'
}

newest=$(reticulate_version .rlib)
stock=$(reticulate_version .rlib-stock)

if wanted cross; then
  start "R and Python against each other, reticulate $newest" python_tests tests/cross
fi
if wanted python; then start "Python tests" python_tests tests/python; fi
if wanted check; then
  start "R CMD build and R CMD check with the R tests, reticulate $newest" check_package
elif wanted r; then
  start "R tests, reticulate $newest" r_tests .rlib
fi
if wanted stock && [ "$newest" != "$stock" ]; then
  start "R tests, the system's reticulate $stock" r_tests .rlib-stock
elif wanted stock; then
  say "R tests, the system's reticulate: the same $stock, not run twice"
fi
if wanted lint; then start "lint" lint; fi
wait_for_fewer_than 1

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
