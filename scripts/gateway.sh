# shellcheck shell=bash disable=SC2034,SC2154
# The scripts' requests to AWS for the gateway's activation.

arn_pattern='^arn:aws[a-z-]*:storagegateway:[a-z0-9-]+:[0-9]{12}:gateway/sgw-[0-9A-Fa-f]+$'

# Set answer to AWS's answer, or complaint to its error. The CLI prints "None" for an empty answer.
ask() { # SERVICE OPERATION [OPTION...]
  local -a endpoint=()
  [[ $1 != storagegateway || -z $STORAGE_GATEWAY_URL ]] || endpoint=(--endpoint-url "$STORAGE_GATEWAY_URL")
  complaint=''
  if answer=$(aws --region "$REGION" --output text ${endpoint[@]+"${endpoint[@]}"} "$@" 2>"$work/complaint"); then
    [[ $answer != None ]] || answer=''
    return
  fi
  complaint=$(tr -s '\n' ' ' <"$work/complaint")
  complaint=${complaint# }
  return 1
}

demand() { # SERVICE OPERATION [OPTION...]: end with AWS's error if there is one
  ask "$@" || die "aws $1 $2 failed: ${complaint:-without a message}. See that this instance's role allows it and that its VPC endpoint answers."
}

# Set arn to the gateway with the ARN in the parameter or with the name, or else to nothing. Only the
# list shows the existing gateways: the role may describe a gateway by its tags, and a deleted gateway
# has no tags, so that IAM denies the call.
find_gateway() {
  local kept listed name
  local -a named=()
  demand ssm get-parameters --names "$GATEWAY_PARAMETERS/arn" --query 'Parameters[0].Value'
  kept=$answer arn=''
  demand storagegateway list-gateways --query 'Gateways[].[GatewayARN,GatewayName]'
  while IFS=$'\t' read -r listed name; do
    [[ $listed =~ $arn_pattern ]] || continue # an empty page's None
    [[ $listed != "$kept" ]] || arn=$kept
    [[ $name != "$GATEWAY_NAME" ]] || named+=("$listed")
  done <<<"$answer"
  [[ -z $arn ]] || return 0
  [[ ! $kept =~ $arn_pattern ]] ||
    complain "The gateway $kept, whose ARN is in the parameter $GATEWAY_PARAMETERS/arn, is gone: looking for one by the name $GATEWAY_NAME."
  ((${#named[@]} < 2)) || die "Gateways of the name $GATEWAY_NAME are ${named[*]}: delete all but one, or give another --gateway-name."
  arn=${named[0]-}
}

require_gateway_name() {
  [[ $GATEWAY_NAME =~ ^[A-Za-z0-9._-]{2,255}$ ]] ||
    die "GATEWAY_NAME cannot be '$GATEWAY_NAME': use 2 to 255 letters, digits, dots, hyphens and underscores."
}
