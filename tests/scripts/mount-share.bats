#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place

setup() {
  setup_place
  printf 'GATEWAY_ADDRESS=192.168.1.10:80\nSHARE_PATH=/vaultdata\nMOUNT_POINT=%s\n' "$PWD/mounted" >client.conf
  stub mount <<<'echo "$*" >>"$calls"; echo "$5" >mounted.source'
  stub mountpoint <<<'[[ -e mounted.source ]]'
  stub findmnt <<<'cat mounted.source'
}

@test "mounts the share, without locks and with patience, and makes the folder" {
  run "$scripts/mount-share.sh"
  expect 0 "Mounted 192.168.1.10:/vaultdata at $PWD/mounted"
  [[ -d mounted ]]
  same "-t nfs -o nolock,hard 192.168.1.10:/vaultdata $PWD/mounted" "$(<calls)"
}

@test "a share that is mounted already is fine" {
  "$scripts/mount-share.sh"
  rm calls
  run "$scripts/mount-share.sh"
  expect 0 "is mounted at $PWD/mounted already"
  fails test -e calls
}

@test "something else that is mounted there is told, and left alone" {
  "$scripts/mount-share.sh"
  run "$scripts/mount-share.sh" --share-path /other
  expect 1 "192.168.1.10:/vaultdata is mounted, not 192.168.1.10:/other" "umount"
}

@test "a mount that fails is told with what to see to" {
  stub mount <<<'echo "mount.nfs: access denied by server" >&2; exit 32'
  run "$scripts/mount-share.sh"
  expect 1 "access denied" "192.168.1.10:/vaultdata could not be mounted" "FileShareStack"
}

@test "a mount that did nothing is not believed" {
  stub mount <<<'exit 0'
  run "$scripts/mount-share.sh"
  expect 1 "nothing is mounted at"
}
