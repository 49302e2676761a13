#!/usr/bin/env bash
# ruff, mypy, import-linter and lintr; all run even if one complains. With a file name as
# argument, writes "PASSED FAILED" there (test.sh adds it up).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh

passed=0
failed=0

tool() {
  local name=$1
  shift
  say "-- $name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

tool "ruff check" .venv/bin/python -m ruff check .
tool "ruff format" .venv/bin/python -m ruff format --check .
tool "mypy" .venv/bin/python -m mypy
tool "import-linter" .venv/bin/lint-imports --no-logo --no-cache
tool "lintr" with_r .rlib Rscript scripts/lint.R

if [ $# -gt 0 ]; then echo "$passed $failed" >"$1"; fi
[ "$failed" = 0 ]
