# shellcheck shell=bash
# R, its packages, a present-day reticulate, and .rlib.

# The R packages that DESCRIPTION names, base R's own left out.
r_needs() {
  awk -F: '
    /^[^ \t]/ { take = ($1 == "Imports" || $1 == "Suggests" || $1 == "Config/Needs/development"); sub(/^[^:]*:/, "") }
    take { gsub(/\([^)]*\)/, ""); gsub(/,/, " "); print }
  ' DESCRIPTION | tr -s ' \t' '\n' |
    grep -vxE '|base|compiler|datasets|graphics|grDevices|grid|methods|parallel|splines|stats|stats4|tools|utils'
}

# One start of R answers all: its version and home, the system's reticulate (or
# "none"), and which of the packages named it does not find.
inspect_r() {
  local answer
  # shellcheck disable=SC2016,SC2046  # the dollars are R's; one word per package
  answer=$(env -u R_LIBS Rscript -e '
    wanted <- commandArgs(trailingOnly = TRUE)
    missing <- wanted[!vapply(wanted, function(p) length(find.package(p, quiet = TRUE)) > 0, NA)]
    old <- suppressWarnings(packageDescription("reticulate", fields = "Version"))
    cat("", as.character(getRversion()), R.home(), if (is.na(old)) "none" else old, missing, "\n", sep = " ")
  ' $(r_needs) 2>>"$LOG" </dev/null | tail -n 1) || die "R does not start (see $LOG)." "Try:  Rscript --version"
  read -r R_VERSION R_HOME_DIR RETICULATE_SYSTEM R_MISSING <<<"$answer"
}

# R, the R packages and the tools that are missing, into APT_WANTED.
want_r() {
  local name
  if command -v Rscript >/dev/null; then
    inspect_r
  else
    APT_WANTED+=(r-base-core)
    R_VERSION=0 R_HOME_DIR=none RETICULATE_SYSTEM=none R_MISSING=$(r_needs | tr '\n' ' ')
  fi
  for name in $R_MISSING; do APT_WANTED+=("r-cran-${name,,}"); done
  command -v pandoc >/dev/null || APT_WANTED+=(pandoc)
  want_build_tools
}

# The compiler is a large download, so only where rpy2 or reticulate is going to
# be built. pcre2.h stands for the libraries that linking with R takes.
want_build_tools() {
  local version=${BASE_VERSION:-}
  if rpy2_is_installed && ! reticulate_is_wanting; then return 0; fi
  if ! command -v g++ >/dev/null || [ ! -e /usr/include/pcre2.h ]; then APT_WANTED+=(r-base-dev); fi
  version=${version%.*}
  if [[ "${BASE_PYTHON:-}" == /usr/bin/* && ! -e "/usr/include/python$version/Python.h" ]]; then
    APT_WANTED+=("libpython$version-dev")
  fi
}

# One run of apt-get for all that is missing, or one command for a person.
install_system_packages() {
  if [ ${#APT_WANTED[@]} = 0 ]; then return 0; fi
  apt_install "${APT_WANTED[@]}"
  hash -r
  search_python || no_python
  inspect_r
  if [ -n "$R_MISSING" ]; then
    die "R still does not find: $R_MISSING" "It looks in: $(env -u R_LIBS Rscript -e 'cat(.libPaths())')"
  fi
}

system_reticulate_will_do() {
  [ "$RETICULATE_SYSTEM" != none ] && version_at_least "$RETICULATE_SYSTEM" "$RETICULATE_WANTED"
}

reticulate_key() { hash_text "$R_VERSION" "$R_HOME_DIR" "$RETICULATE_WANTED" "$ROOT"; }

reticulate_is_wanting() {
  if system_reticulate_will_do; then return 1; fi
  ! { stamp_is reticulate "$(reticulate_key)" && [ -d .rlib/reticulate ]; }
}

# rpy2 and present-day Python packages want a present-day reticulate. It goes
# into .rlib alone, so the system's stays as it is and is tested too.
install_reticulate() {
  if system_reticulate_will_do; then
    rm -rf .rlib/reticulate
    return 0
  fi
  if ! reticulate_is_wanting; then return 0; fi
  if ! failed_today reticulate "$(reticulate_key)"; then
    say "The system's reticulate is $RETICULATE_SYSTEM; putting $RETICULATE_WANTED or later into .rlib"
    if reticulate_from_repository || reticulate_from_newer_release; then
      stamp_set reticulate "$(reticulate_key)"
      return 0
    fi
    rm -rf .rlib/reticulate
    failed_now reticulate "$(reticulate_key)"
  fi
  say "  reticulate $RETICULATE_WANTED could not be had (see $LOG): the tests that run R inside Python are skipped."
  say "  With a CRAN mirror at hand, in R:  install.packages(\"reticulate\", lib = \".rlib\")"
}

reticulate_in_rlib_will_do() {
  local version
  version=$(sed -n 's/^Version: *//p' .rlib/reticulate/DESCRIPTION 2>/dev/null)
  [ -n "$version" ] && version_at_least "$version" "$RETICULATE_WANTED"
}

# From the mirror that R is configured with, or that R_REPOS names. A machine
# cut off from it must find that out soon: hence the time limits.
reticulate_from_repository() {
  # shellcheck disable=SC2016
  quietly timeout 20 Rscript -e '
    repos <- Sys.getenv("R_REPOS", c(getOption("repos"), "")[[1]])
    if (repos %in% c("", "@CRAN@")) quit(status = 1)
    options(timeout = 15)
    found <- available.packages(repos = repos)
    if (!"reticulate" %in% rownames(found)) quit(status = 1)
  ' || return 1
  # shellcheck disable=SC2016
  quietly timeout 900 env MAKEFLAGS="-j$(nproc)" Rscript -e '
    repos <- Sys.getenv("R_REPOS", getOption("repos")[[1]])
    install.packages("reticulate", lib = ".rlib", repos = repos)
  ' || return 1
  reticulate_in_rlib_will_do
}

# The address of this distribution's main archive as apt is configured here, and
# the part of it that holds R packages (universe on Ubuntu).
apt_archive() {
  # shellcheck disable=SC2016  # the dollars are apt's
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -v name="$(os_release VERSION_CODENAME)" '$2 == name && ($3 == "universe" || $3 == "main") { print $1, $3 }' |
    sort -k 2 -r | sed -n 1p
}

# The source of reticulate in a newer release of the same distribution. Its
# source list lives in a folder of its own: the system's apt never sees it.
reticulate_from_newer_release() {
  local uri component releases release work
  is_debian_family || return 1
  read -r uri component <<<"$(apt_archive)"
  [ -n "$uri" ] || { apt_update_once && read -r uri component <<<"$(apt_archive)"; }
  [ -n "$uri" ] || return 1
  releases=("${RETICULATE_RELEASES_DEBIAN[@]}")
  if [ "$(os_release ID)" = ubuntu ]; then releases=("${RETICULATE_RELEASES_UBUNTU[@]}"); fi
  for release in "${releases[@]}"; do
    work=$(mktemp -d)
    if fetch_reticulate "$work" "$uri" "$release" "$component" && build_reticulate "$work" &&
      reticulate_in_rlib_will_do; then
      rm -rf "$work"
      return 0
    fi
    rm -rf "$work"
  done
  return 1
}

# fetch_reticulate FOLDER URI RELEASE COMPONENT: leaves the source tarball there.
fetch_reticulate() {
  local work=$1 keyring options signed=
  keyring=/usr/share/keyrings/$(os_release ID)-archive-keyring.gpg
  if [ -e "$keyring" ]; then signed=" [signed-by=$keyring]"; fi
  mkdir -p "$work"/{parts,lists/partial,cache/archives/partial}
  echo "deb-src$signed $2 $3 $4" >"$work/parts/newer.list"
  options=(-q -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$work/parts"
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=")
  say "  trying the source in $(os_release ID)'s release $3"
  quietly timeout 180 apt-get "${options[@]}" update || return 1
  (cd "$work" && quietly timeout 180 apt-get "${options[@]}" source --tar-only --download-only r-cran-reticulate)
}

# build_reticulate FOLDER: what fetch_reticulate left there, into .rlib.
build_reticulate() {
  local work=$1
  mkdir "$work/source"
  quietly tar -xf "$(find "$work" -maxdepth 1 -name '*.orig.tar.*' -not -name '*.asc' | sed -n 1p)" \
    -C "$work/source" --strip-components=1 || return 1
  quietly env R_LIBS="$ROOT/.rlib" MAKEFLAGS="-j$(nproc)" \
    R CMD INSTALL --no-docs --library="$ROOT/.rlib" "$work/source"
}

# The R package goes into .rlib as users get it: built, then installed, so that
# .Rbuildignore is honoured and no bytecode or test travels along.
install_r_package() {
  local key work
  if [ ! -f NAMESPACE ] || [ ! -f pytwolayer/__init__.py ]; then
    say "No NAMESPACE yet: the R package is not installed."
    return 0
  fi
  key=$(hash_text "$R_VERSION" "$R_HOME_DIR" "$ROOT" \
    "$(hash_files R inst man src DESCRIPTION NAMESPACE LICENSE .Rbuildignore pytwolayer)" \
    "$(sed -n 's/^Built: *//p' .rlib/reticulate/DESCRIPTION 2>/dev/null)")
  if stamp_is rpackage "$key" && [ -f .rlib/pytwolayer/DESCRIPTION ]; then return 0; fi
  say "Installing the R package into .rlib"
  work=$(mktemp -d)
  copy_r_source "$work"
  (cd "$work" && logged with_r .rlib R CMD build --no-build-vignettes --no-manual pytwolayer)
  logged with_r .rlib R CMD INSTALL --no-test-load --library="$ROOT/.rlib" "$work"/pytwolayer_*.tar.gz
  rm -rf "$work"
  stamp_set rpackage "$key"
}

# .rlib-stock holds this package and nothing else: with it, R finds the same
# package and the system's own reticulate.
link_stock_library() {
  mkdir -p .rlib-stock
  ln -sfn ../.rlib/pytwolayer .rlib-stock/pytwolayer
}

# Where Python is told to write no bytecode, as containers often do, each process would compile the
# core anew, which takes longer than many a test; so it is compiled here, for both languages.
compile_core() {
  quietly .venv/bin/python -m compileall -q pytwolayer .rlib/pytwolayer/python || true
}
