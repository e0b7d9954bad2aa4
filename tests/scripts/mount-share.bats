#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place

setup() {
  setup_place
  printf 'GATEWAY_ADDRESS=192.168.1.10:80\nSHARE_PATH=/vaultdata\nMOUNT_POINT=%s\n' "$PWD/mounted" >client.conf
  export VAULT_MOUNTS=$PWD/mounts VAULT_ANSWER_SECONDS=1
  printf 'sysfs /sys sysfs rw 0 0\n' >mounts
  stub mount <<<'echo "$*" >>"$calls"; echo "$5 $6 nfs4 rw 0 0" >>mounts'
}

@test "creates the folder and mounts the share with NFS 4.1 only, without locks, devices and programs" {
  run "$scripts/mount-share.sh"
  expect 0 "Mounted 192.168.1.10:/vaultdata at $PWD/mounted"
  [[ -d mounted ]]
  same "-t nfs -o nolock,hard,nfsvers=4.1,nosuid,nodev,noexec 192.168.1.10:/vaultdata $PWD/mounted" "$(<calls)"
}

@test "a share that is mounted already is no error" {
  "$scripts/mount-share.sh"
  rm calls
  run "$scripts/mount-share.sh"
  expect 0 "is mounted at $PWD/mounted already"
  fails test -e calls
}

@test "another file system at the mount point is reported and not changed" {
  "$scripts/mount-share.sh"
  run "$scripts/mount-share.sh" --share-path /other
  expect 1 "has the mount 192.168.1.10:/vaultdata, not 192.168.1.10:/other" "umount"
}

@test "a mount that fails is reported with the remedy" {
  stub mount <<<'echo "mount.nfs: access denied by server" >&2; exit 32'
  run "$scripts/mount-share.sh"
  expect 1 "access denied" "192.168.1.10:/vaultdata could not be mounted" "FileShareStack"
}

@test "a mount that did nothing is an error" {
  stub mount <<<'exit 0'
  run "$scripts/mount-share.sh"
  expect 1 "nothing is mounted at"
}

@test "a share that is mounted, but hangs or is stale, is named with the remedy" {
  "$scripts/mount-share.sh"
  stub stat <<<'exec sleep 5'
  run "$scripts/mount-share.sh"
  expect 1 "192.168.1.10:/vaultdata, mounted at $PWD/mounted, does not answer" "umount -f -l $PWD/mounted"
  stub stat <<<'echo "stat: cannot read file system information for x: Stale file handle" >&2; exit 1'
  run "$scripts/mount-share.sh"
  expect 1 "is stale" "umount -f -l $PWD/mounted"
}

@test "of two mounts at one place the later one counts, and a path may contain blanks and accents" {
  mkdir "a plàce"
  sed -i "s:^MOUNT_POINT=.*:MOUNT_POINT=$PWD/a plàce:" client.conf
  printf '%s %s\\040plàce nfs4 rw 0 0\n' 192.168.1.10:/old "$PWD/a" 192.168.1.10:/vaultdata "$PWD/a" >mounts
  run "$scripts/mount-share.sh"
  expect 0 "192.168.1.10:/vaultdata is mounted at '$PWD/a plàce' already"
  stub stat <<<'echo "stat: cannot read file system information for x: Stale file handle" >&2; exit 1'
  run "$scripts/mount-share.sh"
  expect 1 "mounted at '$PWD/a plàce', is stale" "umount -f -l '$PWD/a plàce', then"
}
