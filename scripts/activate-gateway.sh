#!/usr/bin/env bash
# Activate the file gateway from inside its network, and put its ARN and cache disk into two parameters.
#
# Usage: activate-gateway.sh [--wait SECONDS] [--KEY VALUE]...
#   --wait SECONDS  how long the appliance, and then the gateway, may take to answer (600)
#   --KEY VALUE     instead of a line of client.conf: --gateway-address, --gateway-name,
#                   --gateway-time-zone, --gateway-parameters, --gateway-vpc-endpoint,
#                   --storage-gateway-url, --health-log-group-arn, --environment, --region
#
# After a failure, run it again: it continues where the last run ended.
# Exit status: 0 the gateway runs and both parameters are written (a missing health log is only a
# warning); 1 failed; 2 misused.
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
  check_configuration
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  find_gateway
  [[ -n $arn ]] || activate
  until_time_is_up gateway_runs
  until_time_is_up find_cache_disk
  put_parameter cacheDiskId "$disk"
  put_parameter arn "$arn" # written last: if it exists, FileShareStack has both parameters
  print "The gateway $GATEWAY_NAME runs: $arn, cache disk $disk."
  log_health
}

read_options() {
  wait_seconds=600
  while (($#)); do
    [[ $1 != --help ]] || show_help
    require_value "$@"
    case $1 in
      --wait) require_whole_number "$1" "$2" 0 && wait_seconds=$2 ;;
      *)
        configure "$1" "$2" GATEWAY_ADDRESS GATEWAY_NAME GATEWAY_TIME_ZONE GATEWAY_PARAMETERS \
          GATEWAY_VPC_ENDPOINT STORAGE_GATEWAY_URL HEALTH_LOG_GROUP_ARN ENVIRONMENT REGION
        ;;
    esac
    shift 2
  done
}

check_configuration() {
  require_configured REGION ENVIRONMENT GATEWAY_ADDRESS GATEWAY_NAME GATEWAY_PARAMETERS
  require_gateway_name
  [[ $GATEWAY_TIME_ZONE =~ ^GMT([+-](0?[0-9]|1[0-4]):(00|15|30|45))?$ ]] ||
    die "GATEWAY_TIME_ZONE cannot be '$GATEWAY_TIME_ZONE': write GMT, GMT+H:MM or GMT-HH:MM, such as GMT+5:30."
}

activate() {
  local own_tags='[{"Key": "Application", "Value": "storage-gateway-vault"}, {"Key": "Environment", "Value": "'$ENVIRONMENT'"}]'
  until_time_is_up get_key
  demand storagegateway activate-gateway --activation-key "$key" --gateway-name "$GATEWAY_NAME" \
    --gateway-timezone "$GATEWAY_TIME_ZONE" --gateway-region "$REGION" --gateway-type FILE_S3 \
    --tags "${GATEWAY_TAGS:-$own_tags}" --query GatewayARN
  [[ $answer =~ $arn_pattern ]] || die "activate-gateway answered '$answer', which is no gateway's ARN: look at the gateways of $REGION, then run again."
  arn=$answer
  print "Activated the gateway $GATEWAY_NAME: $arn"
}

# Repeat a command until it succeeds or the time is up; the command sets $wrong to the error. A gateway
# takes some seconds to start, so the first tries print nothing.
until_time_is_up() {
  local last=$((SECONDS + wait_seconds)) reported='' pause=5 tries=0
  wrong=''
  until "$@"; do
    ((SECONDS + pause <= last)) || die "$wrong"
    if ((++tries > 3)) && [[ $wrong != "$reported" ]]; then
      complain "$wrong Trying again until $wait_seconds seconds are over."
      reported=$wrong
    fi
    sleep "$pause"
  done
}

used_up="If the appliance's gateway was deleted, it can never be activated again: replace its instance and cache volume, or destroy DataVaultingStack."

get_key() {
  local address="http://$GATEWAY_ADDRESS/?gatewayType=FILE_S3&activationRegion=$REGION&no_redirect"
  local status
  address+=${GATEWAY_VPC_ENDPOINT:+&vpcEndpoint=$GATEWAY_VPC_ENDPOINT}
  : >"$work/answer"
  status=$(curl --silent --show-error --noproxy '*' --max-time 20 --output "$work/answer" --write-out '%{http_code}' \
    "$address" 2>"$work/complaint") || {
    wrong="The appliance at $GATEWAY_ADDRESS gives no activation key: $(<"$work/complaint"). Check that its instance runs and accepts connections from this instance at port 80. If the appliance was activated under another name, it gives no more keys: give that name with --gateway-name. $used_up"
    return 1
  }
  key=$(tr -d '\0' <"$work/answer")
  [[ $status != 200 || ! $key =~ ^[A-Z0-9]{5}(-[A-Z0-9]{5}){4}$ ]] || return 0
  wrong="The appliance at $GATEWAY_ADDRESS gives no activation key, but HTTP status $status and $(shown "$(tr -d '\0' <"$work/answer" | head -c 200)")."
  wrong+=" Check that GATEWAY_ADDRESS is the address of a file gateway that is not activated, and that REGION $REGION and GATEWAY_VPC_ENDPOINT ${GATEWAY_VPC_ENDPOINT:-(none)} are right. $used_up"
  return 1
}

# AWS writes enumerations in two ways: with blanks or underscores, with or without a prefix.
gateway_runs() {
  local unmount=''
  ask storagegateway describe-gateway-information --gateway-arn "$arn" --query GatewayState || answer="not known: $complaint"
  [[ $answer != RUNNING && $answer != STATE_RUNNING ]] || return 0
  ! mount_at "$MOUNT_POINT" || unmount="umount -f -l $(shown "$MOUNT_POINT"), then "
  wrong="The gateway $arn does not run yet; its state is ${answer:-missing}. See that its instance runs and reaches the Storage Gateway endpoint (ports 443, 1026-1028, 1031, 2222); if its instance is gone, run ${unmount}deactivate-gateway.sh --yes, then this again."
  return 1
}

# Exactly one disk must be the cache, or be able to become it.
find_cache_disk() {
  local id allocation
  local -a disks=() others=()
  ask storagegateway list-local-disks --gateway-arn "$arn" --query 'Disks[].[DiskId,DiskAllocationType]' || {
    wrong="The disks of the gateway $arn cannot be listed: $complaint."
    return 1
  }
  while IFS=$'\t' read -r id allocation; do
    case $allocation in
      AVAILABLE | 'CACHE STORAGE' | CACHE_STORAGE) disks+=("$id") ;;
      *) others+=("$id $allocation") ;;
    esac
  done <<<"$answer"
  wrong="The gateway $arn needs one disk for its cache and has ${#disks[@]}: ${disks[*]-}${others[*]+ (besides ${others[*]})}. Attach one volume of 150 GiB or more to its instance, and only one."
  ((${#disks[@]} == 1)) && disk=${disks[0]}
}

log_health() {
  [[ -n $HEALTH_LOG_GROUP_ARN ]] || return 0
  ask storagegateway describe-gateway-information --gateway-arn "$arn" --query CloudWatchLogGroupARN || answer=''
  [[ $answer != "$HEALTH_LOG_GROUP_ARN" ]] || return 0
  ask storagegateway update-gateway-information --gateway-arn "$arn" --cloud-watch-log-group-arn "$HEALTH_LOG_GROUP_ARN" \
    --query GatewayARN ||
    complain "Warning: the gateway's health is not logged to $HEALTH_LOG_GROUP_ARN: $complaint. See that the group is there and that this instance's role allows it; the next run, at the latest at the next boot, tries again. The gateway itself runs."
}

put_parameter() { # NAME VALUE
  demand ssm get-parameters --names "$GATEWAY_PARAMETERS/$1" --query 'Parameters[0].Value'
  [[ $answer == "$2" ]] ||
    demand ssm put-parameter --name "$GATEWAY_PARAMETERS/$1" --value "$2" --type String --overwrite --query Version
}

main "$@"
