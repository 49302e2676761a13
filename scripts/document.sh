#!/usr/bin/env bash
# Writes man/ and NAMESPACE from the comments in R/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
with_r .rlib Rscript -e 'roxygen2::roxygenise(".")'
