#!/usr/bin/env bash
# `make release`: the wheel, the source package, R's source package and the site of the commit that
# is checked out, into dist/, each checked; and their SHA-256 sums. Words name the steps to do, if
# not all: build, check (twine, R CMD check --as-cran, recipes, citation), try (each package in an
# empty environment with the README's first example), site. The sums come last, of what is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/common.sh
source scripts/lib/common.sh
# shellcheck source=scripts/lib/apt.sh
source scripts/lib/apt.sh
# shellcheck source=scripts/lib/r_check.sh
source scripts/lib/r_check.sh
# shellcheck source=scripts/lib/try_packages.sh
source scripts/lib/try_packages.sh

steps=" ${*:-build check try site} "
version=$(.venv/bin/python scripts/version.py)
dist=$ROOT/dist
wheel=$dist/pytwolayer-$version-py3-none-any.whl
sdist=$dist/pytwolayer-$version.tar.gz
r_package=$dist/pytwolayer_$version.tar.gz
site=$dist/pytwolayer-site-$version.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() {
  if [[ "$steps" != *" $1 "* ]]; then return 1; fi
  say "==== $1"
}

# Nothing of a release is from files that the commit has not.
refuse_changes() {
  if [ -n "$(git status --porcelain)" ]; then
    git status --short
    die "there are changes that are in no commit." "Commit them, or put them aside with git stash -u."
  fi
}

call_backend() {
  (cd "$1" && "$ROOT/.venv/bin/python" -c "
import sys
import setuptools.build_meta as backend
getattr(backend, sys.argv[1])(sys.argv[2])" "$2" "$dist" >"$work/$2.log" 2>&1) || {
    cat "$work/$2.log"
    die "$2 failed; see above."
  }
}

# The wheel is made from what the source package holds, so that nothing is missing there.
build_python() {
  call_backend "$work/source" build_sdist
  tar -x -C "$work" -f "$sdist"
  call_backend "$work/pytwolayer-$version" build_wheel
}

build_r() {
  mkdir "$work/r"
  cp -r "$work/source" "$work/r/pytwolayer"
  copy_core "$work/r/pytwolayer"
  (cd "$work/r" && with_r .rlib R CMD build --no-manual pytwolayer) || die "R CMD build failed; see above."
  mv "$work/r/pytwolayer_$version.tar.gz" "$r_package"
}

# What unpacks a package on a machine without links must find files alone.
refuse_links() {
  local file
  for file in "$sdist" "$r_package"; do
    if tar -tvf "$file" | grep -E '^[lh]'; then die "$file has links; see above."; fi
  done
  tar -tf "$r_package" | grep -x pytwolayer/inst/python/pytwolayer/__init__.py >"$work/core" ||
    die "$r_package lacks the Python core."
}

build() {
  refuse_changes
  rm -rf "$dist"
  mkdir -p "$dist" "$work/source"
  git archive HEAD | tar -x -C "$work/source"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  export SOURCE_DATE_EPOCH
  build_python
  build_r
  refuse_links
}

check() {
  # Without it R CMD check --as-cran warns that it cannot look at PDF files, even where there is none.
  command -v qpdf >/dev/null || apt_install qpdf
  .venv/bin/python -m venv "$work/tools"
  "$work/tools/bin/python" -m pip install -q --disable-pip-version-check -r scripts/requirements-release.txt
  "$work/tools/bin/twine" check --strict "$wheel" "$sdist"
  "$work/tools/bin/cffconvert" --validate -i CITATION.cff
  "$work/tools/bin/python" scripts/check_recipes.py
  check_environment
  (cd "$work" && check_tarball "$r_package" --as-cran)
}

pack_site() {
  make site
  tar -c --sort=name --owner=0 --group=0 --mtime="@$(git log -1 --format=%ct)" -C "$ROOT/build/site" . | gzip -n >"$site"
}

sums() {
  (cd "$dist" && find . -maxdepth 1 -type f -not -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
  cat "$dist/SHA256SUMS"
}

if step build; then build; fi
if step try; then try_packages; fi
if step check; then check; fi
if step site; then pack_site; fi
say "==== sums"
sums
