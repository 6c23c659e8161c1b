# Sourced by tools/demo, tools/test and tools/check: packages, Python environments, the build.
#
# Nothing is touched but Debian packages and this folder. What is there already is left alone.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
export CCACHE_DIR=${CCACHE_DIR:-$root/.cache/ccache} PIP_CACHE_DIR=$root/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
log_folder=$root/build/logs
mkdir -p "$log_folder"

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# quietly NAME COMMAND...: the output goes to build/logs/NAME.log and is shown when the command fails.
quietly() {
  local log=$log_folder/$1.log
  shift
  "$@" > "$log" 2>&1 || { tail -n 60 "$log"; die "failed: $* (all of it in ${log#"$root"/})"; }
}

# The packages of requirements/debian-LIST.txt that are not installed.
missing_packages() {
  local list package
  for list in "$@"; do
    while read -r package; do
      case $package in ''|'#'*) continue ;; esac
      [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || printf '%s\n' "$package"
    done < "requirements/debian-$list.txt"
  done | sort -u
}

# The packages of requirements/debian-unpacked.txt that are neither installed nor unpacked.
packed_packages() {
  local package
  for package in $(missing_packages unpacked); do
    [ -e "build/unpacked/$package/.ready" ] || printf '%s\n' "$package"
  done
}

# Whether folder $1 was made from requirements/$2.txt as it is now.
venv_is_current() { [ -x "$1/bin/python" ] && cmp -s "$1/.made-from" "requirements/$2.txt"; }

# prepare "LIST..." "FOLDER=REQUIREMENTS...": says what will be installed, then installs it.
prepare() {
  local packages packed='' package venv stale=()
  packages=$(missing_packages $1)
  case " $1 " in *' test '*) packed=$(packed_packages) ;; esac
  for venv in $2; do
    venv_is_current "${venv%%=*}" "${venv#*=}" || stale+=("$venv")
  done
  if [ -z "$packages$packed" ] && [ ${#stale[@]} -eq 0 ]; then
    say "Nothing to install."
    return
  fi
  say "To be installed:"
  [ -z "$packages" ] || say "  Debian packages: $(printf '%s ' $packages)"
  [ -z "$packed" ] || say "  Debian packages, not installed but unpacked into build/unpacked/: $(printf '%s ' $packed)"
  for venv in "${stale[@]}"; do
    say "  Python packages: requirements/${venv#*=}.txt into ${venv%%=*}/"
  done
  [ -z "$packages" ] || install_packages $packages
  for package in $packed; do unpack_package "$package"; done
  for venv in "${stale[@]}"; do
    make_venv "${venv%%=*}" "${venv#*=}"
  done
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
  if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
    say "Install these first, as root: apt-get install $*"
    exit 2
  fi
  say "Installing $# Debian packages ..."
  quietly apt-update as_root apt-get update
  quietly apt-install as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "$@"
}

unpack_package() {
  local folder=build/unpacked/$1
  say "Unpacking $1 ..."
  rm -rf "$folder"
  mkdir -p "$folder"
  # What is known of the packages may be older than the packages.
  (cd "$folder" && apt-get download "$1" > /dev/null 2>&1) || quietly apt-update as_root apt-get update
  (cd "$folder" && quietly "download-$1" apt-get download "$1")
  dpkg -x "$folder"/*.deb "$folder"
  rm "$folder"/*.deb
  touch "$folder/.ready"
}

make_venv() {
  say "Installing Python packages into $1/ ..."
  rm -rf "$1"
  quietly "venv$1" python3 -m venv "$1"
  # The files name everything, down to the last: nothing is fetched besides.
  quietly "pip$1" "$1/bin/pip" install --no-deps -r "requirements/$2.txt"
  cp "requirements/$2.txt" "$1/.made-from"
}

# build PRESET TARGET...: in build/PRESET.
build() {
  local preset=$1
  shift
  quietly "configure-$preset" cmake --preset "$preset"
  quietly "build-$preset" ninja -C "build/$preset" "$@"
}
