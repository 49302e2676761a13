#!/usr/bin/env bash
# The demonstration, with the environment that R and Python need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# Threads that wait for one another must not spin: on busy processors that makes small matrix
# products many times slower.
if [ -z "${OMP_WAIT_POLICY:-}${GOMP_SPINCOUNT:-}${KMP_BLOCKTIME:-}" ]; then
  export OMP_WAIT_POLICY=PASSIVE
fi
with_r .rlib .venv/bin/python scripts/demo.py "$@"
