#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place
load vault

setup() {
  setup_vault
  head -c 600000 /dev/urandom >source/large
}

teardown() {
  ! mountpoint -q state || umount state
}

fail_at() { # write | close: of the file "large"
  type -P cc >/dev/null || skip "there is no C compiler"
  cc -shared -fPIC -o failing.so "$BATS_TEST_DIRNAME/failing_writes.c"
  LD_PRELOAD=$PWD/failing.so FAILING=$1 FAILING_NAME=large run vault
}

small_state() { # SIZE: of the disk of the state
  mkdir -p state
  mount -t tmpfs -o "size=$1" tmpfs state 2>/dev/null || skip "no file system can be mounted here"
}

@test "a file whose close failed is copied again, although its size and time are right" {
  fail_at close
  expect 1 "failed to close" "Input/output error" "These are not in the share as they are in the source" "  large"
  same "$(stat -c '%s %Y' source/large)" "$(stat -c '%s %Y' "$target/large")"
  fails cmp -s source/large "$target/large"
  [[ ! -e $manifest ]]
  run vault
  expect 0 "Copying 1 of 3 files"
  exact
}

@test "a file whose writing failed is copied again" {
  fail_at write
  expect 1 "No space left on device"
  [[ ! -e $manifest ]]
  run vault
  expect 0 "Vaulted 3 files"
  exact
}

# cp that leaves a file with a hole, of the right size and time, and does not end
stub_hole() {
  stub cp <<'BODY'
"$real" "$@" || exit
[[ $* == *large* ]] || exit 0
printf '\0\0\0\0' | dd of="$target/large" bs=1 seek=1000 conv=notrunc 2>/dev/null
touch -r source/large "$target/large" 2>/dev/null || touch -r large "$target/large"
echo $$ >"$calls"
exec sleep 100
BODY
}

@test "a file whose copying was cut short is copied again, whatever ended it" {
  local signal
  for signal in INT TERM HUP KILL; do
    rm -rf share state calls
    mkdir share
    stub_hole
    start_vault --jobs 1
    end_vault "$signal"
    kill "$(<calls)" 2>/dev/null || true
    soon fails fuser -s "$job/lock" 2>/dev/null || sleep 0.5
    same "$(stat -c '%s %Y' source/large)" "$(stat -c '%s %Y' "$target/large")"
    fails cmp -s source/large "$target/large"
    run vault
    expect 0 "Vaulted 3 files"
    exact
  done
}

@test "a line of the journal that a power failure cut short is ignored" {
  stub_hole
  start_vault --jobs 1
  end_vault KILL
  kill "$(<calls)"
  sleep 0.5
  printf '+f/600000/%s/large/' "$(stat -c %Y source/large)" >>"$job/journal.$(began)"
  run vault
  expect 0 "Vaulted 3 files"
  exact
}

@test "errors are shown at once, and not lost by an interruption" {
  stub cp <<<'[[ $1 != -P ]] || { echo "cp: error reading a file" >&2; echo $$ >"$calls"; exec sleep 100; }; exec "$real" "$@"'
  start_vault --jobs 1
  soon grep "cp: error reading a file" log
  end_vault INT
  same 130 "$status"
  same 1 "$(grep -c "cp: error reading a file" log)"
}

@test "errors of cp and find show printable names as they are, and other bytes as numbers" {
  locale -a | grep -qiE '^(C|en_US)\.utf-?8$' || skip "there is no UTF-8 locale"
  export LANGUAGE=de LC_TIME=none # a full disk is recognised by its English message
  stub cp <<'BODY'
[[ $1 != -P ]] || set -- "$@" 'Zürich/été 日本.txt' $'a\e[31m' $'b\377'
exec "$real" "$@"
BODY
  run vault
  expect 1 "cannot stat 'Zürich/été 日本.txt': No such file" "'a'$'\033''[31m'" "'b'$'\377'"
  fails grep -aE $'\e|\377' <<<"$output"
  stub find <<'BODY'
printf '%s\n' "find: './Z\303\274rich, l\'\303\251t\303\251': Permission denied" "find: './a\0331': Permission denied" \
  "find: './b\377\\\\': Permission denied" "find: failed" >&2
exit 1
BODY
  run vault
  expect 1 "find: './Zürich, l'\\''été': Permission denied" "find: $'./a\E1': Permission denied" "find: $'./b\377\\\\': Permission denied" "find: failed" "Not all of"
}

@test "a full share ends the copying at once, by name" {
  local n
  mkdir source/many
  for ((n = 0; n < 300; n++)); do echo "$n" >"source/many/$n"; done
  stub cp <<'BODY'
[[ $1 == -P ]] || exec "$real" "$@"
echo cp >>"$calls"
echo "cp: error writing 'x': No space left on device" >&2
sleep 0.4
exit 1
BODY
  run vault --jobs 1
  expect 1 "No space left on device" "No space is left in $PWD/share/source-vaultjob, so copying was stopped" "run the same command again"
  (($(grep -c . calls) < 4))
  unstub cp
  run vault
  expect 0 "Vaulted 303 files"
  exact
}

@test "a state disk that is full fails the job by name" {
  local n
  mkdir source/many
  for ((n = 0; n < 1000; n++)); do : >"source/many/a name that takes some room in the state $n"; done
  small_state 64k
  run vault
  expect 1 "No space is left in $PWD/state" "VAULT_STATE_FOLDER"
  [[ $output != *"run as root"* && $output != *misused* ]]
  umount state
  run vault
  expect 0 "Vaulted 1003 files"
  exact
}

@test "a state disk that is too small is refused before anything is copied" {
  local n
  mkdir source/many
  for ((n = 0; n < 1000; n++)); do : >"source/many/a name that takes some room in the state $n"; done
  small_state 600k
  run vault
  expect 1 "The job's state needs" "$PWD/state" "VAULT_STATE_FOLDER"
  same "" "$(ls share)"
}

@test "a command that fails without a message is a failure, not misuse" {
  stub sort <<<'exit 2'
  run vault
  expect 1 "A command failed (status 2)"
}

@test "a state folder that cannot be written is reported" {
  : >state
  run vault
  expect 1 "The job's state cannot be kept in" "VAULT_STATE_FOLDER"
}

@test "reports the copied and the total files and bytes every few seconds" {
  stub cp <<<'sleep 1; exec "$real" "$@"'
  VAULT_PROGRESS_SECONDS=0 run vault
  expect 0 "Copied 0 of 3 files, 0 bytes of 585.9 KiB" "Copied 3 of 3 files, 585.9 KiB of 585.9 KiB"
}

@test "the progress of a large file needs no request to the share" {
  truncate -s 70000000 source/huge
  stub cp <<<'[[ $* != *huge* ]] || { printf "%20971520s" "" >"$target/huge"; sleep 1.5; }; exec "$real" "$@"'
  stub stat <<<'echo "$*" >>"$calls"; exec "$real" "$@"'
  VAULT_PROGRESS_SECONDS=0 run vault
  expect 0 "Copied 3 of 4 files, 20.5 MiB of"
  fails grep huge calls
}
