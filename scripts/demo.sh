#!/usr/bin/env bash
# The demonstration, with the environment that R and Python need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
with_r .rlib .venv/bin/python scripts/demo.py "$@"
