#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place

setup() {
  setup_place
  cp -r "$scripts" installed
  printf '#!/bin/bash\necho activate >>%q\n' "$PWD/calls" >installed/activate-gateway.sh
  printf '#!/bin/bash\necho share >>%q\n' "$PWD/calls" >installed/mount-share.sh
  printf 'DATA_DEVICE_VOLUME=vol-0123456789abcdef0\nDATA_MOUNT_POINT=%s\n' "$PWD/data" >client.conf
  export VAULT_DEVICE_FOLDER=$PWD/dev VAULT_BLOCK_FOLDER=$PWD/block VAULT_FSTAB=$PWD/fstab VAULT_LOCK_FILE=$PWD/lock
  export VAULT_DISK_WAIT_SECONDS=0 VAULT_LONGEST_PAUSE_SECONDS=0
  mkdir -p dev block/{nvme0n1,nvme1n1,nvme2n1,loop0}/device
  echo vol0aaaaaaaaaaaaaaaa >block/nvme0n1/device/serial
  echo 'vol0123456789abcdef0   ' >block/nvme1n1/device/serial
  echo vol0bbbbbbbbbbbbbbbb >block/nvme2n1/device/serial
  touch dev/nvme{0,1,2}n1
  printf 'UUID=root / xfs defaults 1 1' >fstab
  stub blkid <<'BODY'
device=${@: -1}
[[ -s $device ]] || exit 2
if [[ " $* " == *" -s "* ]]; then sed -n "s/^${3}=//p" "$device"; else cat "$device"; fi
BODY
  stub mkfs.xfs <<<'echo "$*" >>"$calls"; printf "USAGE=filesystem\nUUID=new\nTYPE=xfs\n" >"${@: -1}"'
  export VAULT_MOUNTS=$PWD/mounts
  printf 'sysfs /sys sysfs rw 0 0\n' >mounts
  stub mount <<<'echo "mount $*" >>"$calls"; echo "$PWD/dev/nvme1n1 $1 xfs rw 0 0" >>mounts'
}

set_up() { installed/set-up-client.sh; }

@test "makes a file system on the volume, whatever its device is called, mounts it, then activates and mounts the share" {
  run set_up
  expect 0 "Making a file system on $PWD/dev/nvme1n1" "This client is set up."
  same "-q $PWD/dev/nvme1n1
mount $PWD/data
activate
share" "$(<calls)"
  same "UUID=root / xfs defaults 1 1
UUID=new $PWD/data xfs defaults,nofail,x-systemd.device-timeout=30 0 2" "$(<fstab)"
}

@test "a second boot makes no file system and adds no line" {
  set_up
  cp fstab fstab.before
  : >mounts
  rm calls
  run set_up
  expect 0
  fails grep '^-q' calls
  grep mount calls
  cmp fstab fstab.before
}

@test "an existing file system is kept, whatever its type" {
  printf 'USAGE=filesystem\nUUID=old\nTYPE=ext4\n' >dev/nvme1n1
  run set_up
  expect 0
  fails grep '^-q' calls
  grep "^UUID=old $PWD/data ext4 " fstab
}

@test "other data on the volume is reported and not changed" {
  local content
  for content in 'PTTYPE=gpt' $'USAGE=raid\nTYPE=LVM2_member\nUUID=a'; do
    echo "$content" >dev/nvme1n1
    run set_up
    expect 1 "something other than a file system"
    same "$content" "$(<dev/nvme1n1)"
  done
  stub blkid <<<'exit 8'
  run set_up
  expect 1 "cannot be determined (blkid: status 8)"
  fails test -e calls
  same 1 "$(grep -c . fstab)"
}

@test "a missing volume is reported" {
  rm block/nvme1n1/device/serial
  run set_up
  expect 1 "The volume vol-0123456789abcdef0 is no NVMe device"
  fails test -e calls
}

@test "another disk at the data mount point is reported" {
  echo "$PWD/dev/nvme2n1 $PWD/data xfs rw 0 0" >mounts
  run set_up
  expect 1 "$PWD/data has the mount $PWD/dev/nvme2n1, not $PWD/dev/nvme1n1" "umount $PWD/data"
  fails grep '^mount\|^activate' calls
}

@test "a data disk that is mounted already is no error, whatever its name" {
  ln -s nvme1n1 dev/by-uuid
  echo "$PWD/dev/by-uuid $PWD/data xfs rw 0 0" >mounts
  run set_up
  expect 0 "The data disk $PWD/dev/nvme1n1 is mounted" "This client is set up."
  fails grep '^mount' calls
}

@test "another file system for the same mount point is reported" {
  printf '\nUUID=else %s xfs defaults 0 0\n' "$PWD/data" >>fstab
  run set_up
  expect 1 "UUID=else is meant for $PWD/data, not UUID=new"
}

@test "tries again until gateway and share exist" {
  printf '#!/bin/bash\necho activate >>%q\n(($(grep -c activate %q) > 2))\n' "$PWD/calls" "$PWD/calls" >installed/activate-gateway.sh
  printf '#!/bin/bash\necho share >>%q\n(($(grep -c share %q) > 3))\n' "$PWD/calls" "$PWD/calls" >installed/mount-share.sh
  run set_up
  expect 0
  same "3 4" "$(grep -c activate calls) $(grep -c share calls)"
}

@test "mounts the share even if the activation fails" {
  printf '#!/bin/bash\necho activate >>%q\n(($(grep -c activate %q) > 3))\n' "$PWD/calls" "$PWD/calls" >installed/activate-gateway.sh
  printf '#!/bin/bash\necho share >>%q\n[[ $(grep -c activate %q) -gt 1 ]]\n' "$PWD/calls" "$PWD/calls" >installed/mount-share.sh
  run set_up
  expect 0 "This client is set up."
  same "activate share activate share activate share activate share" "$(tail -n +3 calls | xargs)"
}

@test "without a data volume there is no data disk" {
  sed -i /VOLUME/d client.conf
  run set_up
  expect 0
  same "activate
share" "$(<calls)"
}

@test "a second run at the same time does nothing" {
  exec 8>>lock
  flock -n 8
  run set_up
  expect 0 "Another process is setting this client up"
  exec 8>&-
}
