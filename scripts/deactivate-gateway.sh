#!/usr/bin/env bash
# Delete the file gateway and the two parameters that hold its ARN and cache disk; the bucket keeps its objects.
#
# Usage: deactivate-gateway.sh [--yes] [--KEY VALUE]...
#   --yes        do not ask
#   --KEY VALUE  instead of a line of client.conf: --gateway-name, --gateway-parameters,
#                --storage-gateway-url, --mount-point, --region
#
# Files that the gateway has not uploaded yet are lost: wait for the last reconciliation first.
# Exit status: 0 deleted, or did not exist; 1 refused or failed, 2 misused.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=scripts/gateway.sh
. "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=scripts/mounts.sh
. "$(dirname "$(readlink -f "$0")")/mounts.sh"

main() {
  read_configuration
  read_options "$@"
  require_configured REGION GATEWAY_NAME GATEWAY_PARAMETERS
  require_gateway_name
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  refuse_mounted
  find_gateway
  [[ -z $arn ]] || delete_gateway
  demand ssm delete-parameters --names "$GATEWAY_PARAMETERS/arn" "$GATEWAY_PARAMETERS/cacheDiskId" --query DeletedParameters
  print "The gateway $GATEWAY_NAME ${arn:+($arn) }is gone, and so are the parameters $GATEWAY_PARAMETERS/arn and $GATEWAY_PARAMETERS/cacheDiskId."
  print "The gateway's instance cannot be activated again: replace the instance and its cache volume, or destroy DataVaultingStack."
}

read_options() {
  yes=''
  while (($#)); do
    case $1 in
      --help) show_help ;;
      --yes) yes=yes && shift && continue ;;
    esac
    require_value "$@"
    configure "$1" "$2" GATEWAY_NAME GATEWAY_PARAMETERS STORAGE_GATEWAY_URL MOUNT_POINT REGION
    shift 2
  done
}

refuse_mounted() {
  local problem place
  mount_at "$MOUNT_POINT" || return 0
  find_problem "$MOUNT_POINT"
  place=$(shown "$MOUNT_POINT") mounted=$(shown "$mounted")
  [[ -z $problem ]] || die "The share $mounted is still mounted at $place and $problem: run umount -f -l $place, then this again."
  die "The share $mounted is still mounted at $place: once everything is uploaded, run umount $place, then this again."
}

delete_gateway() {
  if [[ -z $yes ]]; then
    [[ -t 0 ]] || die "Nothing was deleted: add --yes to delete the gateway $arn and what it has not uploaded yet."
    read -r -p "Delete the gateway $GATEWAY_NAME ($arn), and what it has not uploaded yet? [y/N] " yes || true
    [[ $yes == [yY]* ]] || die "Nothing was deleted."
  fi
  ask storagegateway delete-gateway --gateway-arn "$arn" --query GatewayARN ||
    die "The gateway $arn could not be deleted: $complaint. Run this again: it continues with what is left."
}

main "$@"
