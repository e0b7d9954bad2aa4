#!/usr/bin/env bash
# Take the README's picture of a report: the page that `make demo` kept, in a headless Chromium.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
page=.local/reports/2026-11-archive-incomplete.html
picture=docs/images/report.png

chromium=$(command -v chromium || command -v chromium-browser) || {
  echo "Skipped: there is no chromium on the PATH (Debian: apt-get install chromium)."
  exit 0
}
[[ -f $page ]] || {
  echo "There is no $page: 'make demo' writes it." >&2
  exit 1
}
profile=$(mktemp -d)
trap 'rm -rf -- "$profile"' EXIT
mkdir -p "${picture%/*}"
"$chromium" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile" \
  --window-size=1000,1120 --screenshot="$picture" "file://$PWD/$page" >/dev/null 2>&1
echo "$picture: $(wc -c <"$picture") bytes."
