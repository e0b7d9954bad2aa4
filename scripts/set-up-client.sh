#!/usr/bin/env bash
# Set the gateway's client up at every boot: data disk, activated gateway, mounted share.
#
# Usage: set-up-client.sh
# It reads client.conf, runs as root, and tries again until it succeeds: the share exists only after
# FileShareStack is deployed. A file system is made once, on a volume that is empty.
# Exit status: 0 all is set up, or another process is doing it; 1 the data disk cannot be used.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=scripts/mounts.sh
. "$(dirname "$(readlink -f "$0")")/mounts.sh"
scripts=$(dirname "$(readlink -f "$0")")
devices=${VAULT_DEVICE_FOLDER:-/dev} blocks=${VAULT_BLOCK_FOLDER:-/sys/block} fstab=${VAULT_FSTAB:-/etc/fstab}
disk_wait_seconds=${VAULT_DISK_WAIT_SECONDS:-300} longest_pause_seconds=${VAULT_LONGEST_PAUSE_SECONDS:-120}

main() {
  [[ ${1-} != --help ]] || show_help
  (($# == 0)) || misused "There is no option '$1'."
  read_configuration
  exec 9>>"${VAULT_LOCK_FILE:-/run/lock/vault-set-up-client}"
  flock -n 9 || { print "Another process is setting this client up." && exit 0; }
  if [[ -n $DATA_DEVICE_VOLUME ]]; then
    find_device
    make_file_system
    mount_data
  fi
  activated=''
  until_it_succeeds activate_and_mount
  print "This client is set up."
}

# An existing share is mounted even if the activation fails.
activate_and_mount() {
  [[ -n $activated ]] || ! "$scripts/activate-gateway.sh" || activated=yes
  "$scripts/mount-share.sh" && [[ -n $activated ]]
}

# A volume is an NVMe device; names and order of devices vary. Its serial number is the volume's id.
find_device() {
  local serial file last=$((SECONDS + disk_wait_seconds))
  while :; do
    for file in "$blocks"/*/device/serial; do
      serial=''
      [[ ! -r $file ]] || read -r serial <"$file" || true
      [[ $serial == "${DATA_DEVICE_VOLUME//-/}" ]] || continue
      device=${file%/device/serial}
      device=$devices/${device##*/}
      [[ ! -e $device ]] || return 0
    done
    ((SECONDS < last)) || die "The volume $DATA_DEVICE_VOLUME is no NVMe device of this machine: attach it, and correct DATA_DEVICE_VOLUME if it is another."
    sleep 2
  done
}

# blkid exits with 2 if it finds nothing at all, neither a file system nor a partition.
make_file_system() {
  local found status=0
  found=$(blkid -p -- "$device") || status=$?
  if ((status == 2)) && [[ -z $found ]]; then
    print "Making a file system on $device, the volume $DATA_DEVICE_VOLUME, which holds nothing."
    mkfs.xfs -q "$device" || die "No file system could be made on $device: fix the cause and run again."
  elif ((status)); then
    die "What is on $device cannot be determined (blkid: status $status): look at it with lsblk -f and wipefs; nothing was changed."
  fi
}

mount_data() {
  local uuid kind line place
  [[ $(blkid -p -s USAGE -o value -- "$device") == filesystem ]] ||
    die "On $device is something other than a file system: empty it, or give another DATA_DEVICE_VOLUME; nothing was changed."
  uuid=$(blkid -p -s UUID -o value -- "$device")
  kind=$(blkid -p -s TYPE -o value -- "$device")
  place=$(shown "$DATA_MOUNT_POINT")
  line=$(awk -v place="$DATA_MOUNT_POINT" '!/^[ \t]*#/ && $2 == place { print $1; exit }' "$fstab")
  if [[ -z $line ]]; then
    [[ -z $(tail -c 1 -- "$fstab") ]] || echo >>"$fstab"
    echo "UUID=$uuid $DATA_MOUNT_POINT $kind defaults,nofail,x-systemd.device-timeout=30 0 2" >>"$fstab"
  elif [[ $line != "UUID=$uuid" ]]; then
    die "In $fstab, $line is meant for $place, not UUID=$uuid: take that line out, or correct DATA_DEVICE_VOLUME."
  fi
  mkdir -p -- "$DATA_MOUNT_POINT"
  if mount_at "$DATA_MOUNT_POINT"; then
    [[ $mounted -ef $device ]] ||
      die "$place has the mount $(shown "$mounted"), not $device, the volume $DATA_DEVICE_VOLUME: run umount $place, or correct DATA_DEVICE_VOLUME."
  else
    mount "$DATA_MOUNT_POINT" || die "$device could not be mounted at $place: look at the system's log."
  fi
  print "The data disk $device is mounted at $place."
}

until_it_succeeds() {
  local pause=5
  ((pause <= longest_pause_seconds)) || pause=$longest_pause_seconds
  until "$@"; do
    sleep "$pause"
    pause=$((pause * 2 < longest_pause_seconds ? pause * 2 : longest_pause_seconds))
  done
}

main "$@"
