# shellcheck shell=bash
# What the scripts share: messages, the log, stamps. Sourced from the root.

# A pipe or CI gives R and Python the C locale, in which UTF-8 sources warn.
export LC_ALL=C.UTF-8
# make's own job server must not reach the makes that R and pip start.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

ROOT=$PWD
LOG=$ROOT/.venv/setup.log
STAMPS=$ROOT/.venv/stamps

say() { printf '%s\n' "$*"; }

die() {
  printf 'error: %s\n' "$1" >&2
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# Runs a command with its output in the log; returns its status.
quietly() {
  printf '\n$ %s\n' "$*" >>"$LOG"
  "$@" >>"$LOG" 2>&1 </dev/null
}

# As quietly, but a failure ends setup with the command and the log's tail.
logged() {
  local start
  start=$(wc -l <"$LOG")
  if quietly "$@"; then return 0; fi
  {
    printf 'error: this command failed (whole log: %s)\n  %s\n' "$LOG" "$*"
    tail -n "+$((start + 1))" "$LOG" | tail -n 25 | sed 's/^/  | /'
  } >&2
  exit 1
}

# Content hash of the given texts.
hash_text() { printf '%s\n' "$@" | sha256sum | cut -c 1-32; }

# Content hash of the given files and directories, names included; what running
# leaves behind is not content.
hash_files() {
  find "$@" \( -type f -o -type l \) -not -path '*/__pycache__/*' \
    -not -path '*.egg-info/*' -print0 2>/dev/null |
    sort -z | xargs -0 -r sha256sum 2>/dev/null | sha256sum | cut -c 1-32
}

stamp_is() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }

stamp_set() {
  mkdir -p "$STAMPS"
  printf '%s\n' "$2" >"$STAMPS/$1"
}

# What failed today is not tried again today, so that a machine where it cannot
# work is not kept waiting at each `make`. `make clean` forgets.
failed_today() { stamp_is "$1-failed" "$(hash_text "$(date +%F)" "$2")"; }
failed_now() { stamp_set "$1-failed" "$(hash_text "$(date +%F)" "$2")"; }

# version_at_least 1.41.0 1.41
version_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | sed -n 1p)" = "$2" ]
}

# The environment in which R finds this package and .venv's Python:
# with_r .rlib COMMAND... (or .rlib-stock, for the system's reticulate).
with_r() {
  local library=$1
  shift
  env R_LIBS="$ROOT/$library" RETICULATE_PYTHON="$ROOT/.venv/bin/python" "$@"
}

# A copy of the R package's source in FOLDER/pytwolayer. R CMD build copies all
# of a folder before it drops what .Rbuildignore names, and .venv is a gigabyte.
copy_r_source() {
  mkdir -p "$1/pytwolayer"
  tar -c --exclude=./.venv --exclude=./.site-venv --exclude='./.rlib*' --exclude=./.git --exclude='./.*_cache' \
    --exclude=./.hypothesis --exclude=./demo --exclude=./dist --exclude=./build \
    --exclude=__pycache__ . | tar -x -C "$1/pytwolayer"
  copy_core "$1/pytwolayer"
}

# The R package has a copy of the core where the repository has a link to it, or, on a system
# without links, a file with the link's text.
copy_core() {
  rm -rf "$1/inst/python/pytwolayer"
  cp -r "$1/pytwolayer" "$1/inst/python/pytwolayer"
}
