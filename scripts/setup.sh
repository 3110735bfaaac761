# Sourced by the other scripts: leaves $ROOT (this repository) and $BUN (Bun of exactly the version that
# package.json pins, first on PATH too), with the packages of bun.lock installed. Says nothing while all is well.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

fail() {
  printf 'hearsay: %s\n' "$*" >&2
  exit 1
}

need() { # need COMMAND "why" "how to get it"
  command -v "$1" >/dev/null 2>&1 || fail "$1 is missing; it is needed to $2. $3"
}

# The line of a log that names the cause, for a message of one line.
cause() {
  grep -E -m 1 'reason:|No matching|denied|not found|error: |no space' "$1" || tail -n 1 "$1"
}

is_pinned_bun() {
  [ -x "$1" ] && [ "$("$1" --version 2>/dev/null </dev/null)" = "$BUN_VERSION" ]
}

find_bun() {
  local candidate
  for candidate in "$(command -v bun 2>/dev/null || true)" "$ROOT/.tools/node_modules/.bin/bun"; do
    if [ -n "$candidate" ] && is_pinned_bun "$candidate"; then
      BUN=$candidate
      return 0
    fi
  done
  return 1
}

# Several terminals may run the first start at once; a symbolic link is made in one step and names its owner.
# A lock left by a process that is gone is taken away; one that is held is waited for, 5 minutes at most.
take_lock() {
  mkdir -p "$ROOT/.tools"
  LOCK=$ROOT/.tools/lock
  local waited_s=0 owner
  until ln -s "$$" "$LOCK" 2>/dev/null; do
    owner=$(readlink "$LOCK" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -f "$LOCK"
    elif [ "$waited_s" -ge 300 ]; then
      fail "another set-up (process ${owner:-unknown}) has held $LOCK for 5 minutes; end it, or remove that file, and start again."
    else
      sleep 1
      waited_s=$((waited_s + 1))
    fi
  done
  trap 'rm -f "$LOCK"' EXIT
}

release_lock() {
  rm -f "$LOCK"
  trap - EXIT
}

get_bun() {
  local how="Install Node.js with npm (nodejs.org; Debian and Ubuntu: apt-get install nodejs npm), or put Bun $BUN_VERSION on PATH."
  need node "get Bun $BUN_VERSION" "$how"
  need npm "get Bun $BUN_VERSION" "$how"
  local log=$ROOT/.tools/npm-install.log package=$ROOT/.tools/node_modules/bun
  [ ! -t 2 ] || printf 'hearsay: getting Bun %s and the packages, once\n' "$BUN_VERSION" >&2
  npm install --prefix "$ROOT/.tools" --no-save --no-audit --no-fund --loglevel=error \
    --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=10000 "bun@$BUN_VERSION" >"$log" 2>&1 </dev/null ||
    fail "npm could not install bun@$BUN_VERSION: $(cause "$log") (all of it: $log). Check that npm reaches its registry, and start again."
  # The package holds a placeholder until its install script has put the real program there; npm may be set not to run it.
  if ! find_bun && [ -f "$package/install.js" ]; then
    (cd "$package" && node install.js) >>"$log" 2>&1 </dev/null || true
  fi
  find_bun || fail "npm installed bun@$BUN_VERSION but it does not run here (see $log). Put Bun $BUN_VERSION on PATH by other means, and start again."
}

# What tests use beyond the program: `ip` for networks of their own, a sound server, speech, Python to measure what is left of it, and shells to
# complete words. They say what was not run where it is missing: so this never fails.
get_test_tools() {
  local missing=()
  command -v ip >/dev/null 2>&1 || missing+=(iproute2)
  command -v pulseaudio >/dev/null 2>&1 || missing+=(pulseaudio)
  command -v pactl >/dev/null 2>&1 || missing+=(pulseaudio-utils)
  compgen -G '/usr/lib*/*/alsa-lib/libasound_module_pcm_pulse.so' >/dev/null || missing+=(libasound2-plugins)
  command -v espeak-ng >/dev/null 2>&1 || missing+=(espeak-ng)
  command -v sox >/dev/null 2>&1 || missing+=(sox)
  command -v zsh >/dev/null 2>&1 || missing+=(zsh)
  command -v fish >/dev/null 2>&1 || missing+=(fish)
  [ -d /usr/lib/python3/dist-packages/scipy ] || missing+=(python3-numpy python3-scipy)
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(uname -s)" != Linux ] || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then return 0; fi
  local log=$ROOT/.tools/apt-install.log
  mkdir -p "$ROOT/.tools"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null ||
    printf 'hearsay: apt-get could not install %s: %s (all of it: %s)\n' "${missing[*]}" "$(cause "$log")" "$log" >&2
}

packages_are_current() {
  [ -f "$STAMP" ] && [ ! "$ROOT/bun.lock" -nt "$STAMP" ] && [ ! "$ROOT/package.json" -nt "$STAMP" ]
}

install_packages() {
  local log=$ROOT/.tools/bun-install.log
  (cd "$ROOT" && "$BUN" install --frozen-lockfile --no-progress) >"$log" 2>&1 </dev/null ||
    fail "the packages of bun.lock could not be installed: $(cause "$log") (all of it: $log). Check that the npm registry can be reached, and start again."
  touch "$STAMP"
}

BUN_VERSION=$(sed -n 's/.*"bun": *"\([^"]*\)".*/\1/p' "$ROOT/package.json" | head -n 1)
STAMP=$ROOT/node_modules/.installed
if ! find_bun || ! packages_are_current; then
  take_lock
  find_bun || get_bun
  packages_are_current || install_packages
  release_lock
fi
PATH=$(dirname "$BUN"):$PATH
export PATH
