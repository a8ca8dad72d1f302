#!/usr/bin/env bash
# Installs what building and testing need, outside the checkout, and writes the environment for it.
#
#   scripts/setup.sh build    Rust for wasm32, wasm-bindgen, Trunk, wasm-opt        (make dist, make serve)
#   scripts/setup.sh test     the same, and a browser, kcat, Python clients          (make test)
#   scripts/setup.sh audit    the same as build, cargo-machete and cargo-deny        (make audit)
#
# Everything goes to ${TIDEPOOL_CACHE:-~/.cache/tidepool}, except Debian packages. A second run only looks.
# The recipes of the Makefile source the file that it writes: $TIDEPOOL_CACHE/env.
set -euo pipefail

level=${1:-build}
case $level in build|test|audit) ;; *) echo "usage: scripts/setup.sh [build|test|audit]" >&2; exit 2 ;; esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${TIDEPOOL_CACHE:-$HOME/.cache/tidepool}
trunk_version=0.21.14
wasm=wasm32-unknown-unknown
mkdir -p "$cache"
export PATH="$cache/tools/bin:$cache/npm/node_modules/.bin:$HOME/.cargo/bin:$PATH"

say()  { printf 'setup: %s\n' "$*" >&2; }
die()  { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# One setup at a time: two of them would write the same files.
if have flock; then exec 9>"$cache/lock"; flock 9; fi

apt_install() {
  have apt-get || die "missing: $*. There is no apt-get here; install them by hand and run this again."
  say "installing Debian packages: $*"
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null >"$cache/apt.log" 2>&1; then
    $sudo apt-get update -q </dev/null >"$cache/apt.log" 2>&1 || true
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null >>"$cache/apt.log" 2>&1 \
      || { tail -5 "$cache/apt.log" >&2; die "apt-get could not install $*"; }
  fi
}

# --- Rust for wasm32 ---------------------------------------------------------------------------------------------

# Whether the toolchain of the given name ("" is the active one) has a std for wasm32 and is new enough.
has_wasm_std() {
  local sysroot
  sysroot=$( [ -z "$1" ] || export RUSTUP_TOOLCHAIN="$1"; cd "$root" && rustc --print sysroot 2>/dev/null ) || return 1
  compgen -G "$sysroot/lib/rustlib/$wasm/lib/libstd-*.rlib" >/dev/null
}

# Debian's Rust brings the sources of std, yet no std for wasm32: build it once, as Rust's own release does. LTO wants the bitcode.
build_debian_std() {
  say "building Rust's std for $wasm (about 40 s)"
  local scratch="$cache/std" dest=/usr/lib/rustlib/$wasm/lib sudo=""
  rm -rf "$scratch" && mkdir -p "$scratch/src"
  printf '[package]\nname = "scratch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$scratch/Cargo.toml"
  : >"$scratch/src/lib.rs"
  ( cd "$scratch" && env -u CARGO_BUILD_TARGET RUSTUP_TOOLCHAIN=debian RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$scratch/target" \
      cargo build -q --release -Zbuild-std=std,panic_abort,proc_macro,test --target $wasm </dev/null ) || die "std for $wasm did not build"
  [ -w /usr/lib/rustlib ] || sudo=sudo
  $sudo mkdir -p "$dest"
  $sudo rm -f "$dest"/*.rlib
  local lib
  for lib in "$scratch/target/$wasm/release/deps/"*.rlib; do
    case $lib in */libscratch-*) ;; *) $sudo cp "$lib" "$dest/" ;; esac
  done
  rm -rf "$scratch" "$cache/target/$wasm"    # what was built against another std does not link any more
}

toolchain=""
have cargo || die "no cargo on PATH; install Rust first: https://rustup.rs"
if has_wasm_std "${RUSTUP_TOOLCHAIN:-}"; then
  toolchain=${RUSTUP_TOOLCHAIN:-}
elif has_wasm_std debian; then
  toolchain=debian
else
  have rustup || die "this Rust has no std for $wasm and there is no rustup to add it"
  say "adding the target $wasm"
  if ( cd "$root" && timeout 90 rustup target add $wasm </dev/null >"$cache/rustup.log" 2>&1 ) && has_wasm_std "${RUSTUP_TOOLCHAIN:-}"; then
    toolchain=${RUSTUP_TOOLCHAIN:-}
  else
    say "rustup cannot add it here; taking Debian's Rust"
    apt_install rustc-web cargo-web rust-web-src rust-web-clippy lld-22
    rustup toolchain list | grep -q '^debian' || rustup toolchain link debian /usr
    has_wasm_std debian || build_debian_std
    has_wasm_std debian || die "Debian's Rust still has no std for $wasm"
    toolchain=debian
  fi
fi
# rustc links wasm by rust-lld, which rustup brings and Debian calls lld-22.
if [ "$toolchain" = debian ]; then
  lld=$(command -v lld-22) || die "Debian's lld-22 is missing: apt-get install lld-22"
  mkdir -p "$cache/tools/bin"
  ln -sf "$lld" "$cache/tools/bin/rust-lld"
fi
[ -z "$toolchain" ] || export RUSTUP_TOOLCHAIN=$toolchain
# --- wasm-bindgen, Trunk ---------------------------------------------------------------------------------------------

# cargo_tool NAME VERSION PROGRAM [ARGS...]: the program at exactly this version, into the cache folder.
# Unoptimised, since building these tools costs more time than they ever take to run.
cargo_tool() {
  local crate=$1 version=$2 program=$3; shift 3
  if have "$program" && "$program" --version 2>/dev/null | grep -qE "(^| )${version//./\\.}( |\$)"; then return; fi
  say "installing $crate $version (some minutes)"
  if cargo binstall --help >/dev/null 2>&1 \
     && cargo binstall -y --disable-strategies compile --root "$cache/tools" "$crate@$version" </dev/null >"$cache/$crate.log" 2>&1; then return; fi
  ( cd "$cache" && env -u CARGO_BUILD_TARGET CARGO_TARGET_DIR="$cache/tools-build" \
      CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
      cargo install -q --root "$cache/tools" "$crate" --version "$version" "$@" </dev/null >"$cache/$crate.log" 2>&1 ) \
    || { tail -20 "$cache/$crate.log" >&2; die "$crate $version did not install"; }
}

bindgen_version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' "$root/Cargo.lock")
cargo_tool wasm-bindgen-cli "$bindgen_version" wasm-bindgen
cargo_tool trunk "$trunk_version" trunk --locked
have wasm-bindgen-test-runner || die "wasm-bindgen-test-runner is missing beside $(command -v wasm-bindgen)"
if [ "$level" = audit ]; then
  cargo_tool cargo-machete 0.9.2 cargo-machete
  cargo_tool cargo-deny 0.20.2 cargo-deny --locked
fi
rm -rf "$cache/tools-build"

# --- npm: axe-core, wasm-opt, playwright-core, tsc -------------------------------------------------------------------------------------

if ! cmp -s "$root/package.json" "$cache/npm/package.json" || [ ! -x "$cache/npm/node_modules/.bin/wasm-opt" ] \
   || [ ! -d "$cache/npm/node_modules/playwright-core" ] || [ ! -d "$cache/npm/node_modules/kafkajs" ] \
   || [ ! -d "$cache/npm/node_modules/axe-core" ]; then
  have npm || die "no npm on PATH; Node.js 20 or later is needed"
  say "installing from npm: axe-core, binaryen (wasm-opt), kafkajs, playwright-core, typescript"
  mkdir -p "$cache/npm"
  cp "$root/package.json" "$cache/npm/new.json"
  cp "$root/package.json" "$cache/npm/package.json"
  if ! npm install --prefix "$cache/npm" --no-audit --no-fund --no-package-lock --ignore-scripts </dev/null >"$cache/npm.log" 2>&1; then
    rm -f "$cache/npm/package.json"
    tail -5 "$cache/npm.log" >&2
    die "npm could not install them"
  fi
  mv "$cache/npm/new.json" "$cache/npm/package.json"
fi

# --- what the tests need ------------------------------------------------------------------------------------------------

if [ "$level" = test ]; then
  missing=()
  have chromium || have google-chrome || missing+=(chromium)
  have chromedriver || missing+=(chromium-driver)
  have kcat || missing+=(kcat)
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
  if ! cmp -s "$root/tests/clients/requirements.txt" "$cache/venv/requirements.txt"; then
    say "installing the Python clients: $(tr '\n' ' ' <"$root/tests/clients/requirements.txt")"
    if [ ! -x "$cache/venv/bin/pip" ]; then
      rm -rf "$cache/venv"
      python3 -m venv "$cache/venv" >/dev/null 2>&1 || { apt_install python3-venv; python3 -m venv "$cache/venv"; }
    fi
    "$cache/venv/bin/pip" install -q --disable-pip-version-check -r "$root/tests/clients/requirements.txt" </dev/null >"$cache/pip.log" 2>&1 \
      || { tail -5 "$cache/pip.log" >&2; die "pip could not install them"; }
    cp "$root/tests/clients/requirements.txt" "$cache/venv/requirements.txt"
  fi
fi

# --- the environment ---------------------------------------------------------------------------------------------------

{
  echo "# Written by scripts/setup.sh; what is already set wins."
  [ -z "$toolchain" ] || echo "export RUSTUP_TOOLCHAIN='$toolchain'"
  echo "export PATH='$cache/tools/bin:$cache/npm/node_modules/.bin:$HOME/.cargo/bin':\"\$PATH\""
  echo "export CARGO_TARGET_DIR=\"\${CARGO_TARGET_DIR:-$cache/target}\""
  echo "export NODE_PATH='$cache/npm/node_modules'"
  echo "export TIDEPOOL_PYTHON='$cache/venv/bin/python'"
  echo "export CHROMEDRIVER=\"\${CHROMEDRIVER:-$(command -v chromedriver || true)}\""
  echo "export CHROMIUM=\"\${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}\""
  echo "export TRUNK_SKIP_VERSION_CHECK=true"
  # The page carries no paths of the machine that built it.
  echo "export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS='--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=crates'"
  echo "unset RUSTFLAGS NO_COLOR"
} >"$cache/env.new"
mv "$cache/env.new" "$cache/env"
