#!/usr/bin/env bash
# Speed and memory against the peers, then quality: one after the other, since two at once would
# measure each other. Arguments go to benchmarks/speed.py, such as --only chapter; with any, the
# quality is left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh

# The peers have a folder of their own, and use the same torch and numpy. A peer that cannot be
# had is missing in the table.
if [ ! -d .peers ]; then
  .venv/bin/python -m pip install --quiet --target .peers --no-deps -r benchmarks/requirements.txt ||
    say "Some peers could not be installed: they are left out."
fi
export PYTHONPATH=$PWD/.peers:$PWD/benchmarks
export OMP_WAIT_POLICY=PASSIVE

say "== speed"
with_r .rlib .venv/bin/python benchmarks/speed.py "$@"
if [ $# = 0 ]; then
  say "== speed with two threads"
  with_r .rlib .venv/bin/python benchmarks/speed.py --threads 2 --only chapter,step
  say "== quality"
  with_r .rlib .venv/bin/python benchmarks/quality.py --cache .peers/answers
fi
