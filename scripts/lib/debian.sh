# shellcheck shell=bash
# shellcheck disable=SC2016  # the dollars are of the shells in there
# The suite on another release of Debian, in a root folder that debootstrap makes.

# on_debian RELEASE FOLDER
on_debian() {
  local release=$1 uri root=$2/debian-$1
  [ "$(id -u)" = 0 ] || { skip "making a root folder needs root" || return; }
  command -v debootstrap >/dev/null || { skip "debootstrap is not installed" || return; }
  [ "$(os_release ID)" = debian ] || { skip "this is not Debian, whose archive apt would know" || return; }
  read -r uri _ <<<"$(apt_archive)" || true
  [ -n "$uri" ] || { skip "apt has no archive here" || return; }
  if [ ! -e "$root/.made" ]; then
    rm -rf --one-file-system "$root"
    # Releases that came after debootstrap are made as sid is.
    debootstrap --variant=minbase "$release" "$root" "$uri" "$(debootstrap_script "$release")" ||
      { skip "debootstrap could not make $release" || return; }
    touch "$root/.made"
  fi
  configure_debian "$root" "$release" "$uri"
  copy_of_source "$root/root/suite"
  # The mounts are seen in there alone, and end with it.
  unshare --mount --propagation private bash -euc '
    for place in proc sys dev dev/pts dev/shm; do
      if [ -d "/$place" ]; then mount --bind "/$place" "$1/$place"; fi
    done
    exec chroot "$1" env -i "${@:2}"
  ' bash "$root" HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    DEBIAN_FRONTEND=noninteractive "MATRIX_LEGS=${MATRIX_LEGS:-}" "${CARRIED[@]}" bash -euc '
    apt-get -q update
    apt-get -q install -y --no-install-recommends ca-certificates git make
    cd /root/suite
    make setup
    scripts/test.sh $MATRIX_LEGS
  '
}

debootstrap_script() {
  local script=/usr/share/debootstrap/scripts/$1
  if [ ! -e "$script" ]; then script=/usr/share/debootstrap/scripts/sid; fi
  printf '%s' "$script"
}

# The same archive, certificates and settings of apt and pip as here, into CARRIED what of
# them is in the environment.
configure_debian() {
  local root=$1 release=$2 uri=$3 place name
  printf 'deb %s %s main\n' "$uri" "$release" >"$root/etc/apt/sources.list"
  rm -f "$root"/etc/apt/sources.list.d/*
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  mkdir -p "$root/etc/xdg" "$root/root/.config" "$root/usr/local/share/ca-certificates"
  for place in etc/pip.conf etc/xdg/pip root/.config/pip usr/local/share/ca-certificates; do
    if [ -e "/$place" ]; then cp -rL "/$place" "$root/$(dirname "$place")/"; fi
  done
  apt-config dump | grep -E '^Acquire::(http|https|Check|ForceIPv)' >"$root/etc/apt/apt.conf.d/90matrix" || true
  CARRIED=()
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_CERT PIP_DEFAULT_TIMEOUT \
    SSL_CERT_FILE CURL_CA_BUNDLE; do
    if [ -n "${!name:-}" ]; then CARRIED+=("$name=${!name}"); fi
  done
}
