# shellcheck shell=bash disable=SC2034
# Messages, options and configuration of every script. They need bash 4.2, coreutils 8.22 and findutils 4.5 (Amazon Linux 2).

# Names are compared and sorted as bytes, and messages are English.
export LANG=C
unset "${!LC_@}" LANGUAGE CDPATH
export LC_ALL=C

# LC_CTYPE of commands that report names. Without UTF-8, they write bytes beyond ASCII as numbers.
export utf8_locale=C
for each in en_US.UTF-8 C.UTF-8; do
  ! (LC_ALL=$each letter=$'\303\274' && [[ ${#letter} == 1 ]]) 2>/dev/null || utf8_locale=$each
done
unset each

# Run a command whose messages have readable names. "readably exec" in the background starts no process more.
readably() { # COMMAND [ARGUMENT]...
  LC_ALL='' LC_CTYPE=$utf8_locale "$@"
}
export -f readably # parallel jobs use it

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

# UTF-8 that Python decodes: no surrogates, nothing above U+10FFFF, no overlong forms.
multibyte='[\302-\337][\200-\277]|\340[\240-\277][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]|\355[\200-\237][\200-\277]|\360[\220-\277][\200-\277][\200-\277]|[\361-\363][\200-\277][\200-\277][\200-\277]|\364[\200-\217][\200-\277][\200-\277]'
printf -v printable %b "^([ -~]|${multibyte//\\/\\0})*\$"

# Set quoted to a name as a shell takes it. Printable text stays as it is; bash would write the bytes
# beyond ASCII as numbers.
quote() { # NAME
  local apostrophe=\' escaped="'\\''"
  if [[ $1 == *[$'\200'-$'\377']* && $1 =~ $printable && $1 != *$'\302'[$'\200'-$'\237']* ]]; then
    quoted=\'${1//$apostrophe/"$escaped"}\'
  else
    printf -v quoted %q "$1"
  fi
}

shown() { # NAME
  local quoted
  quote "$1"
  print "$quoted"
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
    [[ -z ${VAULT_CLIENT_CONF:-} ]] || die "There is no configuration $(shown "$file"): correct VAULT_CLIENT_CONF, or unset it."
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
    [[ -n ${!key} ]] || die "$key is not set: write it into $(shown "${VAULT_CLIENT_CONF:-/etc/vault/client.conf}"), or give --${option,,}."
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
