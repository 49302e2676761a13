#!/usr/bin/env bash
# `make matrix`: the suite on what one machine does not have. For each Python found here the
# legs that depend on it; R's legs with newer reticulates; and the whole suite on other releases
# of Debian, each in a root folder of its own that debootstrap makes. What is not to be had is
# skipped, and why is said. The last line is the sum; the exit status decides.
#
# Words name the rows to run, if not all: python3.13, reticulate-sid, debian-trixie, ...
# MATRIX_FOLDER is where all is made and kept for the next time (several gigabytes for each row);
# without it a temporary folder, removed at the end. MATRIX_LEGS are the legs to run (see
# test.sh), if not the usual ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# shellcheck source=scripts/versions.sh
source scripts/versions.sh
# shellcheck source=scripts/lib/apt.sh
source scripts/lib/apt.sh
# shellcheck source=scripts/lib/r.sh
source scripts/lib/r.sh
# shellcheck source=scripts/lib/debian.sh
source scripts/lib/debian.sh

rows=" $* "
known=" "
if [ -n "${MATRIX_FOLDER:-}" ]; then
  mkdir -p "$MATRIX_FOLDER"
  folder=$(cd "$MATRIX_FOLDER" && pwd)
  results=$(mktemp)
  trap 'rm -f "$results"' EXIT
else
  folder=$(mktemp -d)
  results=$folder/results
  : >"$results"
  trap 'rm -rf --one-file-system "$folder"' EXIT
fi

wanted() { [ "$rows" = "  " ] || [[ "$rows" == *" $1 "* ]]; }

result() { printf '%s\t%s\t%s\n' "$@" >>"$results"; }

# row NAME COMMAND...: the command prints the suite's last line last; or it gives 77 and, as its
# last line, why it is skipped.
row() {
  local name=$1 status=0 log=$folder/$1.log last
  shift
  known+="$name "
  wanted "$name" || return 0
  say "==== $name (log: $log)"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  last=$(tail -n 1 "$log")
  case $status in
    0) result passed "$name" "$last" ;;
    77) result skipped "$name" "$last" ;;
    *)
      tail -n 25 "$log" | sed 's/^/  | /'
      result failed "$name" "$last"
      ;;
  esac
  say "     $(tail -n 1 "$results" | tr '\t' ' ')"
}

# MATRIX_LEGS if they are given, else these.
some_legs() {
  local legs
  read -r -a legs <<<"${MATRIX_LEGS:-$*}"
  scripts/test.sh "${legs[@]}"
}

skip() {
  say "$*"
  return 77
}

# The files that git knows, as they are here, in a folder that keeps what was set up there.
copy_of_source() {
  mkdir -p "$1"
  git ls-files -z --cached --others --exclude-standard | xargs -0 tar -c | tar -x -C "$1"
}

# Pythons: names on the path, and those that pyenv has made.

python_named() {
  local candidate
  for candidate in "$(command -v "$1")" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"$1"; do
    if "$candidate" -c '' 2>/dev/null; then
      printf '%s' "$candidate"
      return 0
    fi
  done
  return 1
}

with_python() {
  local path verdict place=$folder/$1
  path=$(python_named "$1") || { skip "there is no $1 here" || return; }
  verdict=$("$path" scripts/lib/probe_python.py "$PYTHON_MINIMUM")
  if [ "${verdict%% *}" != ok ]; then skip "$path: ${verdict#no }" || return; fi
  copy_of_source "$place"
  (cd "$place" && PYTHON=$path scripts/setup.sh && some_legs python r cross)
}

# Reticulates: the source of a newer release of this distribution, in a library of its own.

with_reticulate() {
  local release=$1 uri component place
  is_debian_family || { skip "this is not Debian or Ubuntu" || return; }
  read -r uri component <<<"$(apt_archive)" || true
  [ -n "$uri" ] || { skip "apt has no archive here" || return; }
  place=$folder/reticulate-$release
  copy_of_source "$place"
  rm -rf "$place/reticulate"
  fetch_reticulate "$place/reticulate" "$uri" "$release" "$component" ||
    { skip "the archive's $release has no source of r-cran-reticulate, or is out of reach" || return; }
  (cd "$place" && scripts/setup.sh && put_reticulate "$place" && some_legs r cross)
}

put_reticulate() {
  ROOT=$1 LOG=$1/.venv/setup.log
  if ! build_reticulate "$1/reticulate"; then
    tail -n 25 "$LOG"
    return 1
  fi
  say "reticulate $(sed -n 's/^Version: *//p' .rlib/reticulate/DESCRIPTION)"
}

for minor in 11 12 13 14; do row "python3.$minor" with_python "python3.$minor"; done
for release in $MATRIX_RETICULATE; do row "reticulate-$release" with_reticulate "$release"; done
for release in $MATRIX_DEBIAN; do row "debian-$release" on_debian "$release" "$folder"; done

for name in "$@"; do
  [[ "$known" == *" $name "* ]] || die "there is no row $name; the rows are:$known"
done

printf '\n'
while IFS=$'\t' read -r what name told; do say "$what: $name: $told"; done <"$results"
count_of() { grep -c "^$1" "$results" || true; }
say "$(count_of passed) rows passed, $(count_of failed) failed, $(count_of skipped) skipped"
[ "$(count_of failed)" = 0 ] && [ "$(count_of passed)" != 0 ]
