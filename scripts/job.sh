# shellcheck shell=bash disable=SC2034,SC2154
# The state of the job that vaults one set into one share, in $job: "began" has the start time of the
# delivery and a mark for --new, and "journal.<began>" has the files copied since then.

# Lock the job of this set and share. No other run works on them until this process and all processes
# that it started have ended, even after a crash.
open_job() {
  local digest
  digest=$(printf %s "$share_id" | sha256sum)
  job=$state/shares/${digest:0:16}/$set_id work=$job/work
  {
    (umask 077 && mkdir -p -- "$job") &&
      chmod 700 -- "$state/shares" &&
      printf '%s\n' "$share_id" >"$state/shares/${digest:0:16}.share" &&
      exec 9>>"$job/lock"
  } || die "The job's state cannot be kept in $(shown "$job"): run as root, or name another folder in VAULT_STATE_FOLDER."
  flock -n 9 || die "The set $(shown "$set_id") is being vaulted by process $(<"$job/lock"): wait until that has ended."
  trap close_job EXIT
  rm -rf -- "$work"
  mkdir -- "$work"
  printf %s "$$" >"$job/lock"
  export TMPDIR=$work
}

# Report a command that failed without a message, such as sort with status 2 on a full disk.
close_job() {
  local status=$?
  [[ -z $group ]] || end_group
  if ((status)); then
    state_has_room || complain "No space is left in $(shown "$state"): make room there, or name another folder in VAULT_STATE_FOLDER; then run the same command again."
    [[ -n $complained ]] || complain "A command failed (status $status): fix the cause and run the same command again."
    ((status > 128)) || status=1
  fi
  rm -rf -- "$work"
  exit "$status"
}

state_has_room() {
  head -c 65536 /dev/zero >"$work/probe" && rm -f -- "$work/probe"
} 2>/dev/null

# The lists, the journal and sort's files need at most this multiple of the list of the source; stamps
# and checksums need the same again.
require_state_room() { # LIST_OF_SOURCE
  local free block_bytes needed state_bytes_a_byte=16
  [[ -z $checksum ]] || state_bytes_a_byte=32
  read -r free block_bytes < <(stat -f -c '%a %S' -- "$work")
  needed=$(($(stat -c %s -- "$1") * state_bytes_a_byte))
  ((needed <= free * block_bytes)) ||
    die "The job's state needs $(shown_bytes "$needed") in $(shown "$state"), where $(shown_bytes $((free * block_bytes))) are free: make room there, or name another folder in VAULT_STATE_FOLDER."
}

# Continue the delivery that an earlier run began, or begin one.
open_delivery() {
  local marks=''
  began=''
  [[ ! -e $job/began ]] || read -r began marks <"$job/began" || true
  [[ $began =~ ^[0-9]+$ ]] || began=''
  anew=$marks
  journal=$job/journal.$began
  if [[ -n $new && -n $anew ]] && ! has_expired; then
    print "Continuing the delivery that --new began on $(shown_time "$began")."
  elif [[ -n $new ]]; then
    begin anew
  elif [[ -z $began ]]; then
    [[ ! -s $work/have ]] || die "The share has files of the set $(shown "$set_id"), and this machine has no state of a job that copied them$(mention_old_state): give another id with --set, or deliver the set anew with --new."
    begin ''
  fi
}

mention_old_state() {
  [[ ! -e $state/jobs/$set_id ]] || printf %s " ($(shown "$state/jobs/$set_id") is the state of an earlier release, which did not record the share)"
}

# The gateway announces the files that are written from now on. Files of an earlier delivery in the
# share look like copies of this one, so a delivery anew counts only the files in its journal as
# copied. The delivery begins when the file that records it is renamed to its final name: if the job is
# interrupted before that, the earlier delivery stays.
begin() { # [anew]
  local earlier=$began
  if [[ -n $1 && -s $work/have ]]; then
    sed -n 's:^e/0/0/:./:p' "$work/source" | tr '\n' '\0' | (cd -- "$target" && xargs -0r rmdir -- 2>/dev/null) || true
    list_target
  fi
  began=$(date +%s) anew=$1
  [[ $began != "$earlier" ]] || began=$((began + 1))
  journal=$job/journal.$began
  rm -f -- "$journal"
  keep_delivery
  [[ -z $earlier ]] || rm -f -- "$job/journal.$earlier"
}

keep_delivery() {
  print "$began${anew:+ $anew}" | dd of="$work/began" conv=fsync 2>/dev/null
  mv -f -- "$work/began" "$job/began"
}

end_delivery() {
  if [[ -n $anew ]]; then
    anew=''
    keep_delivery
  fi
  rm -f -- "$journal"
}

shown_time() { date -d "@$1" '+%Y-%m-%d %H:%M'; }
has_expired() { (($(date +%s) - began > EXPIRY_DAYS * 86400)); }

refuse_expired() {
  ! has_expired || die "The job of the set $(shown "$set_id") began on $(shown_time "$began"), more than $EXPIRY_DAYS days (expiryDays) ago, and the events of what it copied have expired: deliver the set anew with --new."
}

# A file is in doubt from before it is copied until cp has succeeded, because an incomplete copy may
# have the size and the time of the source. Each line of the journal ends in //, which no path
# contains, so that a line that was cut short is ignored.
journal_todo() {
  {
    printf '\n'
    sed -n 's:^f/.*:-&//:p' "$work/todo"
  } | dd of="$journal" bs=64k oflag=append conv=notrunc,fsync 2>"$work/complaints" || {
    cat -- "$work/complaints" >&2
    die "The job's journal could not be written in $(shown "$job"): fix the cause and run the same command again."
  }
}

journaled() { # SIGN: files whose last line in the journal begins so, sorted
  [[ -e $journal ]] || return 0
  tac -- "$journal" | awk '/^[-+]f\/.*\/\/$/ { print substr($0, 1, length($0) - 2) }' | sort -s -u -k1.2 | sed -n "s:^$1::p"
}

# List the files that the share lacks, and those in doubt.
find_todo() {
  comm -23 "$work/want" "$work/have" >"$work/todo"
  if [[ -n $anew ]]; then
    journaled + >"$work/copied"
    sed -n '/^f/p' "$work/want" | comm -23 - "$work/copied" >"$work/doubtful"
  else
    journaled - | comm -12 - "$work/want" >"$work/doubtful"
  fi
  [[ -s $work/doubtful ]] || return 0
  sort -u -- "$work/doubtful" "$work/todo" >"$work/todo.all"
  mv -- "$work/todo.all" "$work/todo"
}
