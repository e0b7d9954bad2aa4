# shellcheck shell=bash disable=SC2034
# Messages, options and configuration of every script. They need bash 4.2 and coreutils 8.22 (Amazon Linux 2).

export LC_ALL=C # names are compared, sorted and shown as bytes
unset CDPATH

complained=

print() { printf '%s\n' "$*"; }
complain() {
  complained=yes
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}
die() {
  complain "$@"
  exit 1
}
misused() {
  complain "$*" "See --help."
  exit 2
}

# The comment at the start of a script is its help.
show_help() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
  exit 0
}

require_value() { # OPTION [VALUE]...
  (($# > 1)) || misused "$1 needs a value."
}

require_whole_number() { # OPTION VALUE LEAST
  [[ $2 =~ ^(0|[1-9][0-9]{0,17})$ ]] && (($2 >= $3)) && return
  misused "$1 must be a whole number from $3 on, not '$2'."
}

# Set the client's configuration: defaults, then the lines KEY=value of its file, which may end in
# CRLF. Values are not evaluated, and environment variables do not change them.
read_configuration() {
  local file=${VAULT_CLIENT_CONF:-/etc/vault/client.conf} line key
  configured=(
    ENVIRONMENT REGION GATEWAY_ADDRESS GATEWAY_NAME GATEWAY_TIME_ZONE GATEWAY_TAGS GATEWAY_PARAMETERS
    GATEWAY_VPC_ENDPOINT STORAGE_GATEWAY_URL HEALTH_LOG_GROUP_ARN SHARE_PATH MOUNT_POINT
    DATA_DEVICE_VOLUME DATA_MOUNT_POINT JOB_DIR_SUFFIX MANIFEST_SUFFIX SHARE_PREFIX EXPIRY_DAYS
    IGNORE_UNEXPECTED_NAMES
  )
  for key in "${configured[@]}"; do printf -v "$key" %s ''; done # bash 4.2 does not set a variable if the format is empty
  GATEWAY_TIME_ZONE=GMT MOUNT_POINT=/mnt/vaultdata DATA_MOUNT_POINT=/mnt/data
  JOB_DIR_SUFFIX=-vaultjob MANIFEST_SUFFIX=.manifest EXPIRY_DAYS=30
  IGNORE_UNEXPECTED_NAMES='.nfs*/.DS_Store/._*/.apdisk/.Spotlight-V100/.Trashes/.fseventsd/.TemporaryItems'
  IGNORE_UNEXPECTED_NAMES+='/Thumbs.db/ehthumbs.db/desktop.ini/~$*/.~lock.*#/.*.swp/*.crdownload'
  if [[ ! -e $file ]]; then
    [[ -z ${VAULT_CLIENT_CONF:-} ]] || die "There is no configuration $file: correct VAULT_CLIENT_CONF, or unset it."
    return 0
  fi
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ $line == *=* && $line != '#'* ]] || continue
    key=${line%%=*}
    [[ " ${configured[*]} " != *" $key "* ]] || printf -v "$key" '%s' "${line#*=}"
  done <"$file"
}

# Take an option --gateway-name VALUE as GATEWAY_NAME=VALUE, if it is one of the keys allowed.
configure() { # OPTION VALUE ALLOWED_KEY...
  local option=$1 key value=$2
  key=${1#--}
  key=${key//-/_}
  key=${key^^}
  shift 2
  [[ $option == --* && " $* " == *" $key "* ]] || misused "There is no option '$option'."
  printf -v "$key" '%s' "$value"
}

require_configured() { # KEY...
  local key option
  for key in "$@"; do
    option=${key//_/-}
    [[ -n ${!key} ]] || die "$key is not set: write it into ${VAULT_CLIENT_CONF:-/etc/vault/client.conf}, or give --${option,,}."
  done
}

shown_bytes() { # BYTES
  local unit scale=1
  for unit in bytes KiB MiB GiB TiB PiB; do
    (($1 / scale >= 1024)) || break
    scale=$((scale * 1024))
  done
  if ((scale == 1)); then print "$1 bytes"; else print "$(($1 / scale)).$(($1 % scale * 10 / scale)) $unit"; fi
}
