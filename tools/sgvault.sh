#!/usr/bin/env bash
# The operator's command of this checkout: tools/setup.sh links .venv/bin/sgvault to it.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
exec "$root/.venv/bin/python" -P -c '
import sys
_, root, *sys.argv = sys.argv
sys.path.insert(0, root)
from operations.main import main
main()' "$root" "$0" "$@"
