#!/usr/bin/env bash
# Run pipenv: one version, in an environment of its own, whatever the caller has activated or set.
set -euo pipefail

version=2026.10.3
home=$(cd "$(dirname "$0")/.." && pwd -P)/.pipenv

unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
for name in "${!PIPENV_@}"; do
  [[ $name == PIPENV_PYPI_MIRROR ]] || unset "$name"
done
export PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1

if [[ $("$home/bin/python" -m pipenv --version 2>/dev/null) != *" $version" ]]; then
  rm -rf "$home"
  "${PYTHON:-python3}" -m venv "$home"
  "$home/bin/python" -m pip install --quiet "pipenv==$version"
fi
exec "$home/bin/python" -m pipenv "$@"
