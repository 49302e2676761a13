#!/usr/bin/env bash
# Looks at the built site in a real browser, run by hand: `make site-check`. axe-core looks for faults
# of accessibility on every page, light and dark, wide and narrow; the keyboard walks; pictures of
# each kind of page go to build/site-shots.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh

[ -e build/site/index.html ] || die "there is no build/site/index.html." "First run:  make site"
for name in node npm; do
  command -v "$name" >/dev/null ||
    die "$name is not here, and the check runs in it." "Install Node.js 18 or later (Debian: nodejs and npm)."
done
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$CHROMIUM" ] || die "there is no chromium." "Install it (Debian: chromium), or name one:  CHROMIUM=/path/to/chrome"

tools=build/site-check
mkdir -p "$tools"
if [ ! -d "$tools/node_modules/axe-core" ]; then
  npm install --silent --no-audit --no-fund --prefix "$tools" playwright-core@1.65.1 axe-core@4.14.1
fi
NODE_PATH=$ROOT/$tools/node_modules CHROMIUM=$CHROMIUM exec node scripts/website/look.cjs "$@"
