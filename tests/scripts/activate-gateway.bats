#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place

setup() {
  setup_place
  arn=arn:aws:storagegateway:eu-west-1:123456789012:gateway/sgw-12A3456B
  cat >client.conf <<'CONF'
# the client's configuration
ENVIRONMENT=dev
REGION=eu-west-1
GATEWAY_ADDRESS=192.168.1.10
GATEWAY_NAME=vault-dev
GATEWAY_PARAMETERS=/dev/fileGateway

STORAGE_GATEWAY_URL=https://vpce.example
CONF
  export VAULT_MOUNTS=$PWD/mounts VAULT_ANSWER_SECONDS=1
  printf 'sysfs /sys sysfs rw 0 0\n' >mounts
  mkdir aws
  printf '\t' >aws/none
  printf 'RUNNING' >aws/state
  printf 'xen-vbd-1\tAVAILABLE\n' >aws/disks
  : >aws/gateways
  aws_stub
  answer 200 ABCDE-12345-FGHIJ-67890-KLMNO
}

# An AWS of files: aws/parameter.arn, aws/gateways, aws/state, aws/disks; what is called goes to calls.
# Like the client's role, it refuses what is asked of a gateway that is gone, and what no script needs.
aws_stub() {
  stub aws <<BODY
cd '$PWD/aws'
echo "\$*" >>"\$calls"
operation=
while [[ \$operation != *-* ]]; do
  case \$1 in --region | --output | --endpoint-url) shift 2 ;; *) operation=\$1 && shift ;; esac
done
[[ ! -e fail.\$operation ]] || { cat fail.\$operation >&2 && exit 255; }
[[ \$1 != --gateway-arn ]] || grep -q "^\$2" gateways || operation=refused
case \$operation in
  get-parameters) cat "parameter.\${2##*/}" 2>/dev/null || echo None ;;
  put-parameter) printf %s "\$4" >"parameter.\${2##*/}" && echo 1 ;;
  delete-parameters) rm -f parameter.* ;;
  list-gateways) cat gateways ;;
  activate-gateway) printf '%s\tvault-dev\n' $arn >gateways && echo $arn ;;
  delete-gateway) : >gateways && echo $arn ;;
  describe-gateway-information) if [[ \$4 == GatewayState ]]; then cat state; else cat log 2>/dev/null || echo None; fi ;;
  list-local-disks) cat disks ;;
  update-gateway-information) printf %s "\$4" >log && echo $arn ;;
  *) echo "An error occurred (AccessDeniedException): not authorized" >&2 && exit 254 ;;
esac
BODY
}

answer() { # STATUS BODY: of the appliance
  printf %s "$2" >body
  stub curl <<BODY
echo "curl \${@: -1}" >>"\$calls"
while (("\$#")); do
  [[ \$1 != --output ]] || cp '$PWD/body' "\$2"
  shift
done
echo $1
BODY
}

activate() { "$scripts/activate-gateway.sh" --wait 0 "$@"; }

called() { grep -c -- "$1" calls || true; }

@test "gets the key, activates, waits, and puts ARN and disk into two parameters" {
  run activate
  expect 0 "The gateway vault-dev runs: $arn, cache disk xen-vbd-1."
  grep -x "curl http://192.168.1.10/?gatewayType=FILE_S3&activationRegion=eu-west-1&no_redirect" calls
  grep -F -- "--region eu-west-1 --output text --endpoint-url https://vpce.example storagegateway activate-gateway \
--activation-key ABCDE-12345-FGHIJ-67890-KLMNO --gateway-name vault-dev --gateway-timezone GMT --gateway-region eu-west-1 \
--gateway-type FILE_S3 --tags [{\"Key\": \"Application\", \"Value\": \"storage-gateway-vault\"}, {\"Key\": \"Environment\", \"Value\": \"dev\"}]" calls
  grep -F -- "--name /dev/fileGateway/arn --value $arn --type String --overwrite" calls
  fails grep 'endpoint-url.* ssm ' calls
  same "$arn" "$(<aws/parameter.arn)"
  same xen-vbd-1 "$(<aws/parameter.cacheDiskId)"
}

@test "the parameter with the ARN is the last to be written" {
  activate
  same "/dev/fileGateway/cacheDiskId
/dev/fileGateway/arn" "$(sed -n 's/.*put-parameter --name \([^ ]*\).*/\1/p' calls)"
}

@test "a second run changes nothing" {
  activate
  rm calls
  run activate
  expect 0 "runs: $arn"
  same 000 "$(called curl)$(called activate-gateway)$(called put-parameter)"
}

@test "a run that died after the activation finds the gateway by its name" {
  printf '%s\tvault-dev\n' "$arn" >aws/gateways
  run activate
  expect 0
  same 0 "$(called activate-gateway)"
  same "$arn" "$(<aws/parameter.arn)"
}

@test "a run that died before the last parameter writes it" {
  activate
  rm aws/parameter.arn calls
  run activate
  expect 0
  same 1 "$(called put-parameter)"
}

@test "a parameter of a deleted gateway is ignored" {
  echo "${arn/12A/99A}" >aws/parameter.arn
  run activate
  expect 0 "sgw-99A3456B" "is gone" "runs: $arn"
  same "$arn" "$(<aws/parameter.arn)"
}

@test "the list of gateways is read page by page" {
  printf 'None\n%s\tanother\n\n%s\tvault-dev\n%s\tvault-dev-2\nNone\n' "${arn/12A/99A}" "$arn" "${arn/12A/88A}" >aws/gateways
  run activate
  expect 0 "runs: $arn"
  same 0 "$(called activate-gateway)"
}

@test "the gateway in the parameter is used, whatever its name" {
  echo "$arn" >aws/parameter.arn
  printf '%s\tvault-dev\n%s\trenamed\n' "${arn/12A/99A}" "$arn" >aws/gateways
  run activate
  expect 0 "runs: $arn"
}

@test "two gateways of one name are both reported" {
  printf '%s\tvault-dev\n' "$arn" "${arn/12A/99A}" >aws/gateways
  run activate
  expect 1 "$arn ${arn/12A/99A}" "delete all but one"
}

@test "a missing answer of the appliance is reported with the address and the remedy" {
  stub curl <<<'echo "curl: (7) Failed to connect: Connection refused" >&2; exit 7'
  run activate
  expect 1 "192.168.1.10 gives no activation key: curl: (7) Failed to connect" "port 80" \
    "deleted" "replace its instance and cache volume, or destroy DataVaultingStack"
}

@test "an answer that is not a key is reported and not used" {
  local wrong
  for wrong in '<html>AWS Storage Gateway</html>' '' 'ABCDE-12345' 'ABCDE-12345-FGHIJ-67890-KLMNO-PQRST' "a key: ABCDE-12345-FGHIJ-67890-KLMNO" \
    $'ABCDE-12345-FGHIJ-67890-KLMNO\nmore' 'abcde-12345-fghij-67890-klmno'; do
    answer 200 "$wrong"
    run activate
    expect 1 "gives no activation key, but HTTP status 200 and $(LC_ALL=C printf %q "$wrong")" "GATEWAY_ADDRESS"
  done
  answer 302 ABCDE-12345-FGHIJ-67890-KLMNO
  run activate
  expect 1 "HTTP status 302" "replace its instance and cache volume, or destroy DataVaultingStack"
  same 0 "$(called activate-gateway)"
}

@test "the script waits for an appliance that starts within the time" {
  answer 200 ABCDE-12345-FGHIJ-67890-KLMNO
  mv stubs/curl good-curl
  stub sleep <<<'cp '"'$PWD/good-curl' '$PWD/stubs/curl'"
  stub curl <<<'echo "curl: (7) refused" >&2; exit 7'
  run activate --wait 60
  expect 0 "runs: $arn"
  [[ $output != *"Trying again"* ]]
}

@test "an appliance that does not come up soon is complained of once" {
  answer 200 ABCDE-12345-FGHIJ-67890-KLMNO
  mv stubs/curl good-curl
  stub sleep <<<'echo >>slept; (($(wc -l <slept) < 6)) || cp '"'$PWD/good-curl' '$PWD/stubs/curl'"
  stub curl <<<'echo "curl: (7) refused" >&2; exit 7'
  run activate --wait 600
  expect 0 "Trying again until 600 seconds are over" "runs: $arn"
  same 1 "$(grep -c "Trying again" <<<"$output")"
}

@test "the key is requested with the VPC endpoint, if there is one" {
  activate --gateway-vpc-endpoint vpce-1.example
  grep -x "curl .*&no_redirect&vpcEndpoint=vpce-1.example" calls
}

@test "accepts any time zone of the form, also with half hours" {
  local zone
  for zone in GMT GMT+1:00 GMT-3:30 GMT+5:45 GMT-11:00 GMT+09:30; do
    rm -f aws/parameter.* aws/gateways && : >aws/gateways
    run activate --gateway-time-zone "$zone"
    expect 0
    grep -F -- "--gateway-timezone $zone " calls
  done
}

@test "refuses other time zones by name" {
  local zone
  for zone in UTC Europe/Berlin GMT+1 GMT+1:0 GMT+25:00 'GMT+1:00 ' gmt GMT1:00; do
    run activate --gateway-time-zone "$zone"
    expect 1 "GATEWAY_TIME_ZONE cannot be '$zone'"
  done
}

@test "an activation that is refused is reported in AWS's words" {
  echo "An error occurred: The specified activation key is no longer valid" >aws/fail.activate-gateway
  run activate
  expect 1 "aws storagegateway activate-gateway failed: An error occurred: The specified activation key is no longer valid"
}

@test "a gateway that does not run in time is reported with its state" {
  printf OFFLINE >aws/state
  run activate
  expect 1 "$arn does not run yet; its state is OFFLINE" \
    "if its instance is gone, run deactivate-gateway.sh --yes, then this again"
  mount_share
  run activate
  expect 1 "if its instance is gone, run umount -f -l /mnt/vaultdata, then deactivate-gateway.sh --yes, then this again"
  fails test -e aws/parameter.arn
}

@test "uses the only disk that is free, or is the cache already, in either spelling" {
  local cache
  for cache in 'CACHE STORAGE' CACHE_STORAGE AVAILABLE; do
    printf 'root\tSTORED iSCSI VOLUME\nxen-vbd-2\t%s\n' "$cache" >aws/disks
    run activate
    expect 0 "cache disk xen-vbd-2"
  done
}

@test "a gateway runs in either spelling" {
  printf STATE_RUNNING >aws/state
  run activate
  expect 0 "The gateway vault-dev runs"
}

@test "a configuration with CRLF is read as one with LF" {
  sed -i 's/$/\r/' client.conf
  run activate
  expect 0 "The gateway vault-dev runs"
  grep -F -- "--region eu-west-1 --output text --endpoint-url https://vpce.example storagegateway" calls
  fails grep $'\r' calls
}

@test "no disk, and more than one, are reported by name" {
  : >aws/disks
  run activate
  expect 1 "needs one disk for its cache and has 0"
  printf 'one\tAVAILABLE\ntwo\tAVAILABLE\n' >aws/disks
  run activate
  expect 1 "has 2: one two"
  fails test -e aws/parameter.cacheDiskId
}

@test "the health log group is set if it is configured and not set yet" {
  local group=arn:aws:logs:eu-west-1:123456789012:log-group:/aws/gateway
  activate --health-log-group-arn "$group"
  grep -F -- "update-gateway-information --gateway-arn $arn --cloud-watch-log-group-arn $group" calls
  activate --health-log-group-arn "$group"
  same 1 "$(called update-gateway-information)"
  activate --health-log-group-arn "$group-2"
  same 2 "$(called update-gateway-information)"
}

@test "a refused health log is reported, and the running gateway counts" {
  echo "An error occurred: The log group has no policy" >aws/fail.update-gateway-information
  run activate --health-log-group-arn arn:aws:logs:eu-west-1:123456789012:log-group:/aws/gateway
  expect 0 "runs: $arn" "Warning: the gateway's health is not logged to arn:aws:logs:eu-west-1:123456789012:log-group:/aws/gateway: An error occurred: The log group has no policy" \
    "the next run, at the latest at the next boot, tries again"
  same "$arn" "$(<aws/parameter.arn)"
  same xen-vbd-1 "$(<aws/parameter.cacheDiskId)"
}

@test "a missing line of the configuration is reported with the file and the option" {
  sed -i /GATEWAY_ADDRESS/d client.conf
  GATEWAY_ADDRESS=from-the-environment run activate
  expect 1 "GATEWAY_ADDRESS is not set: write it into" "client.conf, or give --gateway-address"
  VAULT_CLIENT_CONF=nowhere run activate
  expect 1 "There is no configuration nowhere"
  run activate --share-path x
  expect 2 "There is no option '--share-path'"
}

@test "a configuration is read, never run" {
  printf 'GATEWAY_TIME_ZONE=GMT$(touch ran)\nPATH=/nowhere\n' >>client.conf
  run activate
  expect 1 'GATEWAY_TIME_ZONE cannot be '\''GMT$(touch ran)'
  fails test -e ran
}

@test "deletes gateway and parameters on request, and succeeds if nothing is left" {
  activate
  run "$scripts/deactivate-gateway.sh" </dev/null
  expect 1 "add --yes"
  run "$scripts/deactivate-gateway.sh" --yes
  expect 0 "The gateway vault-dev ($arn) is gone" \
    "cannot be activated again: replace the instance and its cache volume, or destroy DataVaultingStack."
  fails test -e aws/parameter.arn
  fails test -e aws/parameter.cacheDiskId
  run "$scripts/deactivate-gateway.sh" --yes
  expect 0 "is gone"
  same 1 "$(called delete-gateway)"
}

@test "a deactivation that died before the parameters were deleted deletes them" {
  activate
  : >aws/gateways
  run "$scripts/deactivate-gateway.sh" --yes
  expect 0 "is gone"
  fails test -e aws/parameter.arn
  fails test -e aws/parameter.cacheDiskId
  same 0 "$(called delete-gateway)"
}

@test "a configuration without a key is the same on bash 4.2, which sets nothing to an empty format" {
  sed -i /GATEWAY_ADDRESS/d client.conf
  # shellcheck disable=SC2059,SC2329 # it is for the script that bats runs
  printf() { [[ $1 == -v && -z $3 ]] || builtin printf "$@"; }
  export -f printf
  GATEWAY_ADDRESS=from-the-environment run activate
  unset -f printf
  expect 1 "GATEWAY_ADDRESS is not set"
}

mount_share() { echo "192.168.1.10:/vaultdata /mnt/vaultdata nfs4 rw 0 0" >>mounts; }

@test "a gateway whose share is mounted is not deactivated" {
  activate
  mount_share
  stub stat <<<'exit 0'
  run "$scripts/deactivate-gateway.sh" --yes
  expect 1 "192.168.1.10:/vaultdata is still mounted at /mnt/vaultdata" "run umount /mnt/vaultdata"
  same 0 "$(called delete-gateway)"
}

@test "a share that is stale or hangs counts as mounted, and is reported with the remedy" {
  activate
  mount_share
  stub mountpoint <<<'exit 1' # as it answers of a stale mount
  stub stat <<<'echo "stat: cannot read file system information for x: Stale file handle" >&2; exit 1'
  run "$scripts/deactivate-gateway.sh" --yes
  expect 1 "is still mounted at /mnt/vaultdata and is stale" "umount -f -l /mnt/vaultdata"
  stub stat <<<'exec sleep 5'
  run "$scripts/deactivate-gateway.sh" --yes
  expect 1 "still mounted at /mnt/vaultdata and does not answer within 1 seconds" "umount -f -l /mnt/vaultdata"
  same 0 "$(called delete-gateway)"
}
