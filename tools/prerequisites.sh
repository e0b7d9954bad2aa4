#!/bin/sh
# Name every prerequisite that is missing or too old, with the remedy.
# PYTHON and MAKE may name executables other than python3 and make.
set -u

python=${PYTHON:-python3}
make=${MAKE:-make}
unmet=0

complain() {
  echo "$*" >&2
  unmet=$((unmet + 1))
  return 1
}

# require NAME FOUND NEEDED REMEDY
require() {
  if [ -z "$2" ]; then
    complain "$1 is not found, or does not run: $3 or later is needed. $4"
  elif ! at_least "$2" "$3"; then
    complain "$1 $2 is too old: $3 or later is needed. $4"
  fi
}

at_least() {
  awk -v found="$1" -v needed="$2" 'BEGIN {
    split(found, f, "."); split(needed, n, ".")
    exit !(f[1] * 1000 + f[2] >= n[1] * 1000 + n[2])
  }'
}

# The version that follows $1 at the beginning of a line: warnings may stand round it.
version_after() {
  sed -n "s/^$1\([0-9][0-9.]*[0-9]\).*/\1/p" | head -n 1
}

python_version=$("$python" -c '
import sys; print("%d.%d.%d" % sys.version_info[:3]); import ensurepip, venv' 2>/dev/null)
python_makes_venvs=$?
node_version=$(node --version 2>/dev/null | version_after v)
terraform_version=$(CHECKPOINT_DISABLE=1 terraform version 2>/dev/null |
  version_after 'Terraform v')
make_version=$("$make" --version 2>/dev/null | version_after 'GNU Make ')

require Python "$python_version" 3.11 \
  'Install it (https://www.python.org/downloads/), or name another: make PYTHON=python3.13' &&
  [ "$python_makes_venvs" -ne 0 ] &&
  complain "Python $python_version comes without venv: on Debian and Ubuntu install python3-venv."

require Node "$node_version" 20 \
  'Install Node 22, which is recommended: https://nodejs.org/en/download' &&
  ! command -v npm >/dev/null &&
  complain "Node $node_version comes without npm: on Debian and Ubuntu install npm."

require Terraform "$terraform_version" 1.11 \
  'Install it: https://developer.hashicorp.com/terraform/install'

require 'GNU make' "$make_version" 3.81 \
  'Install it: on Debian and Ubuntu as make, on macOS by xcode-select --install'

[ "$unmet" -eq 0 ]
