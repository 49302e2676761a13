#!/usr/bin/env bash
# Every script in benchmarks/, one after the other: two at once would measure
# each other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
shopt -s nullglob
for script in benchmarks/[!_]*.py; do
  say "== $script"
  with_r .rlib .venv/bin/python "$script"
done
