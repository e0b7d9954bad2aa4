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

main() {
  read_configuration
  read_options "$@"
  require_configured GATEWAY_ADDRESS SHARE_PATH MOUNT_POINT
  local share=${GATEWAY_ADDRESS%:*}:$SHARE_PATH mounted
  if mountpoint -q -- "$MOUNT_POINT" 2>/dev/null; then
    mounted=$(findmnt -n -o SOURCE --mountpoint "$MOUNT_POINT") || mounted='something else'
    [[ $mounted == "$share" ]] || die "At $MOUNT_POINT $mounted is mounted, not $share: umount $MOUNT_POINT, or give another --mount-point."
    say "$share is mounted at $MOUNT_POINT already."
    return
  fi
  mkdir -p -- "$MOUNT_POINT" || die "The folder $MOUNT_POINT cannot be made: run as root, or give another --mount-point."
  mount -t nfs -o nolock,hard "$share" "$MOUNT_POINT" ||
    die "$share could not be mounted at $MOUNT_POINT: see that FileShareStack is deployed, that the share lets this address in, and that nfs-utils is installed; run as root."
  mountpoint -q -- "$MOUNT_POINT" || die "mount said nothing, but nothing is mounted at $MOUNT_POINT: look at the system's log."
  say "Mounted $share at $MOUNT_POINT."
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
