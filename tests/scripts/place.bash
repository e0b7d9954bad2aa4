# shellcheck shell=bash disable=SC2034,SC2154
# A place of its own for each test: stubs first on PATH, job state, configuration.

setup_place() {
  scripts=$BATS_TEST_DIRNAME/../../scripts
  cd "$BATS_TEST_TMPDIR" || return
  mkdir stubs
  export PATH=$PWD/stubs:$PATH VAULT_STATE_FOLDER=$PWD/state VAULT_CLIENT_CONF=$PWD/client.conf
  : >client.conf
}

stub() { # NAME: its body comes on standard input; $real is the command that it hides, $calls a file for notes
  local real
  real=$(PATH=${PATH#"$PWD/stubs:"} type -P "$1") || real=/bin/false
  {
    printf '#!/bin/bash\nreal=%q calls=%q\n' "$real" "$PWD/calls"
    cat
  } >"stubs/$1"
  chmod +x "stubs/$1"
  hash -r
}

unstub() { rm "stubs/$1" && hash -r; }

expect() { # STATUS [TEXT_IN_OUTPUT]...: what `run` saw
  local text wanted=$1
  shift
  [[ $status == "$wanted" ]] || { printf 'Status %s, not %s:\n%s\n' "$status" "$wanted" "$output" && return 1; }
  for text in "$@"; do
    [[ $output == *"$text"* ]] || { printf '"%s" is not in:\n%s\n' "$text" "$output" && return 1; }
  done
}

same() { # WANTED FOUND
  [[ $1 == "$2" ]] || { printf 'wanted: %s\nfound:  %s\n' "$1" "$2" && return 1; }
}

fails() { # COMMAND...: bats does not see what ! makes of a status
  if "$@"; then return 1; fi
}

soon() { # COMMAND...: it succeeds within some seconds
  local tries
  for ((tries = 0; tries < 200; tries++)); do
    ! "$@" 2>/dev/null || return 0
    sleep 0.1
  done
  echo "Not in 20 seconds: $*" && return 1
}
