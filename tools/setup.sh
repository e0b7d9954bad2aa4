#!/usr/bin/env bash
# Build .venv and node_modules from their lock files: once, and again only when a lock file changed.
# `setup.sh audit` builds .venv-audit as well, for tools whose pinned requirements conflict with those of .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
exec >&2 # stdout belongs to the command that needs the set-up
trap 'exit 130' INT

# Print what a folder is built from: its path, which the commands in .venv/bin contain, and a lock file.
# A copy in the folder, written last, marks a build that was not interrupted.
origin() {
  pwd -P
  cat "$1"
}

built() {
  origin "$2" | cmp -s - "$1/.built-from"
}

quietly() {
  local output status
  output=$("$@" 2>&1) && return
  status=$?
  printf '%s\n' "$output"
  return "$status"
}

build_venv() {
  echo "Setting up .venv from Pipfile.lock: about a minute"
  rm -rf .venv
  quietly "${PYTHON:-python3}" -m venv .venv
  quietly tools/pipenv.sh sync --dev
  # The scripts' tests and the local system call this AWS CLI. It is version 1, ignores AWS_REGION and for
  # SQS the endpoint variable, and must not shadow the user's own where .venv is activated.
  mkdir -p .venv/aws-cli
  [[ ! -e .venv/bin/aws ]] || mv .venv/bin/aws .venv/aws-cli/
  origin Pipfile.lock >.venv/.built-from
}

# Download awscrt as compiled for Lambda's processor, which verify_content needs, with the version and
# the hashes of Pipfile.lock.
fetch_arm64() {
  echo "Fetching awscrt for Lambda's processor"
  rm -rf .venv/arm64
  mkdir -p .venv/arm64
  tools/pipenv.sh requirements --dev-only --hash | grep '^awscrt==' >.venv/arm64/requirements.txt
  quietly .venv/bin/python -m pip download --dest .venv/arm64 --no-deps --require-hashes \
    --only-binary=:all: --platform manylinux2014_aarch64 --implementation cp --abi abi3 \
    --python-version 3.13 --requirement .venv/arm64/requirements.txt
}

build_venv_audit() {
  echo "Setting up .venv-audit from Pipfile.lock: about a minute"
  rm -rf .venv-audit
  quietly "${PYTHON:-python3}" -m venv .venv-audit
  # pipenv syncs no other environment than the project's own; pip takes the same versions and hashes.
  tools/pipenv.sh requirements --categories audit --hash >.venv-audit/requirements.txt
  quietly .venv-audit/bin/python -m pip install --no-deps --require-hashes \
    --requirement .venv-audit/requirements.txt
  origin Pipfile.lock >.venv-audit/.built-from
}

build_node_modules() {
  echo "Setting up node_modules from package-lock.json: about 20 seconds"
  quietly npm ci --include=dev --loglevel=error || {
    echo "cdktf-cli is ready-made for Node 20 and 22: for any other, npm compiles a part of it"
    exit 1
  }
  origin package-lock.json >node_modules/.built-from
}

# After the interpreter was removed or upgraded, Python finds none of the installed packages.
if ! built .venv Pipfile.lock || ! .venv/bin/python -c 'import ruff' 2>/dev/null; then
  build_venv
fi
compgen -G '.venv/arm64/awscrt-*.whl' >/dev/null || fetch_arm64
# The project is linked and not installed: functions on the local AWS must not import it from .venv.
[[ -e .venv/bin/sgvault ]] || ln -sf ../../tools/sgvault.sh .venv/bin/sgvault
if ! built node_modules package-lock.json; then
  build_node_modules
fi
if [[ ${1:-} == audit ]]; then
  if ! built .venv-audit Pipfile.lock || ! .venv-audit/bin/python -c 'import checkov' 2>/dev/null; then
    build_venv_audit
  fi
fi
