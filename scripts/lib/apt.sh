# shellcheck shell=bash
# Debian's and Ubuntu's packages. Nothing here runs unless something is missing.

is_debian_family() { command -v apt-get >/dev/null && command -v dpkg >/dev/null; }

# One field of os-release: `os_release VERSION_CODENAME`.
os_release() {
  # shellcheck disable=SC1091
  (. /etc/os-release 2>/dev/null && printf '%s' "${!1:-}")
}

# Prints the words to put before apt-get; fails where we may not install.
# Without a terminal sudo must not wait for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    echo env
  elif command -v sudo >/dev/null && [ -t 0 ]; then
    echo sudo env
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    echo sudo -n env
  else
    return 1
  fi
}

apt_get() {
  local prefix
  read -r -a prefix <<<"$(as_root)"
  quietly "${prefix[@]}" DEBIAN_FRONTEND=noninteractive \
    apt-get -y -q -o DPkg::Lock::Timeout=120 "$@"
}

# A source that we do not need may be unreachable: then update complains, and
# the install that follows decides.
apt_update_once() {
  [ -z "${APT_UPDATED:-}" ] || return 0
  APT_UPDATED=yes
  say "Bringing the list of packages up to date (apt-get update)"
  apt_get update || true
}

apt_lists_recent() {
  [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mtime -30 -print -quit 2>/dev/null)" ]
}

# A fresh image has no lists at all.
apt_prepare() {
  if apt_lists_recent || ! as_root >/dev/null; then return 0; fi
  apt_update_once
}

# True if the archive has the package.
apt_has() { [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]; }

# Ends setup if the distribution's archive lacks one of the packages.
apt_refuse_absent() {
  local name absent=()
  [ -n "$(apt-cache show --no-all-versions libc6 2>/dev/null)" ] || return 0
  for name in "$@"; do apt_has "$name" || absent+=("$name"); done
  if [ ${#absent[@]} = 0 ]; then return 0; fi
  die "this distribution's archive has no ${absent[*]}." \
    "On Ubuntu they are in universe:  add-apt-repository universe && apt-get update" \
    "An R package NAME can also be had in R:  install.packages(\"NAME\")" "Then run make again."
}

# Installs the packages, or ends with the command that would.
apt_install() {
  local command="apt-get install --no-install-recommends $*"
  if ! is_debian_family; then
    die "something is missing, and this is not Debian or Ubuntu." "Install what Debian calls: $*"
  fi
  if ! as_root >/dev/null; then
    die "packages are missing, and installing them needs root. Run, as root:" \
      "apt-get update && $command" "Then run make again."
  fi
  apt_prepare
  apt_refuse_absent "$@"
  say "Installing with apt-get: $*"
  if apt_get install --no-install-recommends "$@"; then return 0; fi
  # Old lists name files that the archive has replaced.
  apt_update_once
  if apt_get install --no-install-recommends "$@"; then return 0; fi
  tail -n 15 "$LOG" | sed 's/^/  | /' >&2
  die "apt-get failed (whole log: $LOG). The command was:" "$command"
}
