# shellcheck shell=bash disable=SC2034
# What the scripts share. Bash 4.2 and coreutils 8.22 (Amazon Linux 2) must do.

export LC_ALL=C # names are bytes: compared, sorted and shown as such
unset CDPATH

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  complain "$@"
  exit 1
}
misused() {
  complain "$*" "See --help."
  exit 2
}

# The comment at the head of a script is its help.
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

# Set the client's configuration: defaults, then the lines KEY=value of its file. Nothing is
# evaluated, and nothing comes from the environment by accident.
read_configuration() {
  local file=${VAULT_CLIENT_CONF:-/etc/vault/client.conf} line key
  configured=(
    ENVIRONMENT REGION GATEWAY_ADDRESS GATEWAY_NAME GATEWAY_TIME_ZONE GATEWAY_PARAMETERS
    GATEWAY_VPC_ENDPOINT STORAGE_GATEWAY_URL HEALTH_LOG_GROUP_ARN SHARE_PATH MOUNT_POINT
    DATA_DEVICE_VOLUME DATA_MOUNT_POINT JOB_DIR_SUFFIX MANIFEST_SUFFIX
  )
  for key in "${configured[@]}"; do printf -v "$key" %s ''; done # bash 4.2 sets nothing to an empty format
  GATEWAY_TIME_ZONE=GMT MOUNT_POINT=/mnt/vaultdata DATA_MOUNT_POINT=/mnt/data
  JOB_DIR_SUFFIX=-vaultjob MANIFEST_SUFFIX=.manifest
  if [[ ! -e $file ]]; then
    [[ -z ${VAULT_CLIENT_CONF:-} ]] || die "There is no configuration $file: correct VAULT_CLIENT_CONF, or unset it."
    return 0
  fi
  while IFS= read -r line || [[ -n $line ]]; do
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
    [[ -n ${!key} ]] || die "$key is not known: write it into ${VAULT_CLIENT_CONF:-/etc/vault/client.conf}, or give --${option,,}."
  done
}

shown_bytes() { # BYTES
  local unit scale=1
  for unit in bytes KiB MiB GiB TiB PiB; do
    (($1 / scale >= 1024)) || break
    scale=$((scale * 1024))
  done
  if ((scale == 1)); then say "$1 bytes"; else say "$(($1 / scale)).$(($1 % scale * 10 / scale)) $unit"; fi
}

# Work in parallel, in a process group of its own, with a progress line meanwhile. The workers
# append lines "<files> <bytes>" to the file of progress, and name files they are at in progress.now/.
group=
work_with_progress() { # VERB PROGRESS_FILE FILES_DONE BYTES_DONE FILES BYTES COMMAND...
  local verb=$1 file=$2 status=0
  files_done=$3 bytes_done=$4 files=$5 bytes=$6
  shift 6
  local next_line=$((SECONDS + ${VAULT_PROGRESS_SECONDS:-5}))
  rm -rf -- "$file.now"
  mkdir -- "$file.now"
  : >"$file"
  exec 7<"$file"
  set -m
  "$@" &
  group=$!
  set +m
  while kill -0 "$group" 2>/dev/null; do
    if [[ -t 2 ]] || ((SECONDS >= next_line)); then
      next_line=$((SECONDS + ${VAULT_PROGRESS_SECONDS:-5}))
      show_progress "$verb" "$file"
    fi
    sleep 0.2
  done
  wait "$group" || status=$?
  group=
  show_progress "$verb" "$file"
  [[ ! -t 2 ]] || printf '\n' >&2
  exec 7<&-
  return "$status"
}

count_progress() {
  local more_files more_bytes
  while read -r more_files more_bytes <&7; do
    files_done=$((files_done + more_files)) bytes_done=$((bytes_done + more_bytes))
  done
}

show_progress() { # VERB PROGRESS_FILE
  local begun text
  count_progress
  begun=$(cat "$2.now"/* 2>/dev/null | xargs -0r stat -c %s -- 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }') || begun=0
  text="$1 $files_done of $files files, $(shown_bytes $((bytes_done + begun))) of $(shown_bytes "$bytes")"
  if [[ -t 2 ]]; then printf '\r%s\033[K' "$text" >&2; else say "$text" >&2; fi
}

# Stop at a signal with all that was begun, say how to go on, and exit as the shell would.
stop_at_signals() { # REMEDY
  # shellcheck disable=SC2064 # the remedy is known now
  trap "stopped 130 $(printf %q "$1")" INT
  # shellcheck disable=SC2064
  trap "stopped 143 $(printf %q "$1")" TERM
  # shellcheck disable=SC2064
  trap "stopped 129 $(printf %q "$1")" HUP
}

stopped() { # STATUS REMEDY
  trap '' INT TERM HUP
  if [[ -n $group ]]; then
    { kill -TERM -- "-$group" && wait "$group"; } 2>/dev/null || true
    [[ ! -t 2 ]] || printf '\n' >&2
  fi
  complain "Interrupted. $2"
  exit "$1"
}
