#!/usr/bin/env bash
# Build .venv and node_modules from their lock files: once, and again only when a lock file changed.
# `setup.sh audit` builds .venv-audit as well, for tools whose pins fit nothing of .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
exec >&2 # stdout belongs to the command that needs the set-up
trap 'exit 130' INT

# What a folder is built from, and where: the commands in .venv/bin hold their own path.
# The folder keeps a copy, written last, so that an interrupted build counts for nothing.
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

# What verify_content needs compiled, for Lambda's processor: the version and the hashes of Pipfile.lock.
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

# An interpreter that is gone, or was upgraded, finds nothing of what was installed for it.
if ! built .venv Pipfile.lock || ! .venv/bin/python -c 'import ruff' 2>/dev/null; then
  build_venv
fi
compgen -G '.venv/arm64/awscrt-*.whl' >/dev/null || fetch_arm64
# Not installed: what the local AWS runs must not find the checkout's packages in .venv.
[[ -e .venv/bin/sgvault ]] || ln -sf ../../tools/sgvault.sh .venv/bin/sgvault
if ! built node_modules package-lock.json; then
  build_node_modules
fi
if [[ ${1:-} == audit ]]; then
  if ! built .venv-audit Pipfile.lock || ! .venv-audit/bin/python -c 'import checkov' 2>/dev/null; then
    build_venv_audit
  fi
fi
