# shellcheck shell=bash disable=SC2034,SC2154
# The gateway's activation, as the scripts ask AWS for it.

arn_pattern='^arn:aws[a-z-]*:storagegateway:[a-z0-9-]+:[0-9]{12}:gateway/sgw-[0-9A-Fa-f]+$'

# Set answer to what AWS says, and complaint to what it says instead. "None" is the CLI's for nothing.
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

demand() { # SERVICE OPERATION [OPTION...]: end with what AWS has against it
  ask "$@" || die "aws $1 $2 failed: ${complaint:-it says nothing}. See that this instance's role allows it and that its VPC endpoint answers."
}

is_gone() { [[ $complaint == *"was not found"* || $complaint == *GatewayNotFound* || $complaint == *"does not exist"* ]]; }

# Set arn to the gateway that the parameter tells of, or that has the name; to nothing if none does.
find_gateway() {
  arn=''
  demand ssm get-parameters --names "$GATEWAY_PARAMETERS/arn" --query 'Parameters[0].Value'
  if [[ $answer =~ $arn_pattern ]]; then
    local told=$answer
    if ask storagegateway describe-gateway-information --gateway-arn "$told" --query GatewayId || ! is_gone; then
      arn=$told
      return
    fi
    complain "The gateway $told, of which the parameter $GATEWAY_PARAMETERS/arn tells, is gone: looking for one by the name $GATEWAY_NAME."
  fi
  demand storagegateway list-gateways --query "Gateways[?GatewayName=='$GATEWAY_NAME'].[GatewayARN]"
  local -a found=()
  local line
  while read -r line; do
    [[ ! $line =~ $arn_pattern ]] || found+=("$line")
  done <<<"$answer"
  ((${#found[@]} < 2)) || die "Gateways of the name $GATEWAY_NAME are ${found[*]}: delete all but one, or give another --gateway-name."
  arn=${found[0]-}
}

require_gateway_name() {
  [[ $GATEWAY_NAME =~ ^[A-Za-z0-9._-]{2,255}$ ]] ||
    die "GATEWAY_NAME cannot be '$GATEWAY_NAME': use 2 to 255 letters, digits, dots, hyphens and underscores."
}
