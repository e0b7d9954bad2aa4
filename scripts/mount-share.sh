#!/usr/bin/env bash
# Mount the gateway's NFS share.
#
# Usage: mount-share.sh [--KEY VALUE]...
#   --KEY VALUE  instead of a line of client.conf: --gateway-address, --share-path, --mount-point
#
# Exit status: 0 mounted, or was mounted already; 1 failed, 2 misused.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=scripts/mounts.sh
. "$(dirname "$(readlink -f "$0")")/mounts.sh"

# Use only NFS 4.1: without a version, mount falls back to NFS 3 if the share is missing, and hangs at
# ports that the gateway's security group closes.
options=nolock,hard,nfsvers=4.1,nosuid,nodev,noexec

main() {
  read_configuration
  read_options "$@"
  require_configured GATEWAY_ADDRESS SHARE_PATH MOUNT_POINT
  local share=${GATEWAY_ADDRESS%:*}:$SHARE_PATH share_shown place
  share_shown=$(shown "$share") place=$(shown "$MOUNT_POINT")
  if mount_at "$MOUNT_POINT"; then
    [[ $mounted == "$share" ]] || die "$place has the mount $(shown "$mounted"), not $share_shown: run umount $place, or give another --mount-point."
    require_answer "$MOUNT_POINT"
    print "$share_shown is mounted at $place already."
    return
  fi
  readably mkdir -p -- "$MOUNT_POINT" || die "The folder $place cannot be made: run as root, or give another --mount-point."
  mount -t nfs -o "$options" "$share" "$MOUNT_POINT" ||
    die "$share_shown could not be mounted at $place: see that FileShareStack is deployed, that the share lets this address in, and that nfs-utils is installed; run as root."
  mount_at "$MOUNT_POINT" || die "mount reported no error, but nothing is mounted at $place: read the system's log."
  print "Mounted $share_shown at $place."
}

read_options() {
  while (($#)); do
    [[ $1 != --help ]] || show_help
    require_value "$@"
    configure "$1" "$2" GATEWAY_ADDRESS SHARE_PATH MOUNT_POINT
    shift 2
  done
}

main "$@"
