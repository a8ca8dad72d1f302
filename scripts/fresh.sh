#!/usr/bin/env bash
# Builds and serves the page as a newcomer's machine does: from a clone of what is committed, with an empty CARGO_HOME and an empty cache,
# so that a step that is missing from the set-up fails here. Takes about ten minutes. Debian's packages stay where they are installed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
fresh=$(mktemp -d)
server=""
finish() {
  [ -z "$server" ] || kill -- "-$server" 2>/dev/null || true
  rm -rf "$fresh"
}
trap finish EXIT

git clone -q "$root" "$fresh/clone"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export CARGO_HOME="$fresh/cargo" TIDEPOOL_CACHE="$fresh/cache"
unset CARGO_TARGET_DIR RUSTUP_TOOLCHAIN
setsid make --no-print-directory -C "$fresh/clone" serve PORT="$port" </dev/null &
server=$!
url="http://127.0.0.1:$port/"
until python3 - "$url" <<'PY' 2>/dev/null
import sys, urllib.request
page = urllib.request.urlopen(sys.argv[1], timeout=2).read()
wasm = urllib.request.urlopen(sys.argv[1] + "tidepool_bg.wasm", timeout=2).read(4)
sys.exit(0 if b"<tide-pool" in page and wasm == b"\0asm" else 1)
PY
do
  kill -0 "$server" 2>/dev/null || { echo "fresh: make serve has ended before it served the page" >&2; exit 1; }
  sleep 2
done
echo "fresh: a clone with empty caches serves the page"
