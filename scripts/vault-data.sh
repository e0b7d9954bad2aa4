#!/usr/bin/env bash
# Copy a folder into the file share as one dataset, whole, and put its manifest in last.
#
# Usage: vault-data.sh --source DIR [options]
#   --source DIR   the folder to vault; it is only read
#   --set ID       the dataset's id (the folder's name)
#   --share DIR    where the share is mounted (MOUNT_POINT of client.conf, or /mnt/vaultdata)
#   --new          deliver anew what was vaulted before: a new start time, everything copied again
#   --plain        write the plain manifest: keys, without sizes
#   --jobs N       files copied at a time (16)
#   --unmounted    the share is an ordinary folder
#
# Run it again after an interruption or a failure, and it copies what is not there yet. A file is
# there if size and modification time, to the second, are those of the source.
# Exit status: 0 vaulted, 1 refused or failed, 2 misused, 130 interrupted.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=scripts/scan.sh
. "$(dirname "$(readlink -f "$0")")/scan.sh"

main() {
  read_options "$@"
  open_source
  open_share
  open_job
  stop_at_signals "Run the same command again: it copies what is not in the share yet."
  look
  if [[ -s $work/todo ]]; then
    copy
  elif write_manifest && cmp -s -- "$work/manifest" "$target/$manifest_name"; then
    say "The set $set_id is vaulted already: $(counted "$work/want") files, and none has changed."
    end_delivery
    return
  fi
  compare
  write_manifest
  put_manifest
  end_delivery
  say "Vaulted $(counted "$work/want") files, $(shown_bytes "$total_bytes"), as the set $set_id."
}

read_options() {
  source_folder='' set_id='' share='' new='' plain='' jobs=16 unmounted='' copy_failed=''
  while (($#)); do
    case $1 in
      --help) show_help ;;
      --new | --plain | --unmounted) printf -v "${1#--}" yes && shift && continue ;;
    esac
    require_value "$@"
    case $1 in
      --source) source_folder=$2 ;;
      --set)
        [[ -n $2 ]] || misused "--set needs an id that is not empty."
        set_id=$2
        ;;
      --share) share=$2 ;;
      --jobs) require_whole_number "$1" "$2" 1 && jobs=$2 ;;
      *) misused "There is no option '$1'." ;;
    esac
    shift 2
  done
  [[ -n $source_folder ]] || misused "--source is missing: name the folder to vault."
  read_configuration
  share=${share:-$MOUNT_POINT}
}

open_source() {
  local name=$source_folder
  share=$(absolute "$share")
  state=$(absolute "${VAULT_STATE_FOLDER:-/var/lib/vault}")
  cd -P -- "$(absolute "$name")" 2>/dev/null || die "There is no folder $(printf %q "$name") that can be entered: name one with --source."
  source_folder=$PWD
  set_id=${set_id:-${PWD##*/}}
  job_folder=$set_id$JOB_DIR_SUFFIX manifest_name=$set_id$MANIFEST_SUFFIX
  if [[ -z $set_id || $set_id == . || $set_id == .. || $set_id == */* || $set_id == *[[:cntrl:]]* ]] ||
    ! is_utf8 "$set_id" || ((${#job_folder} > 255 || ${#manifest_name} > 255)); then
    die "$(printf %q "$set_id") cannot be a set id: give --set a name that a folder may have, in UTF-8 and without control characters."
  fi
}

absolute() {
  case $1 in /*) printf %s "$1" ;; *) printf %s "$PWD/$1" ;; esac
}

open_share() {
  local remedy="run mount-share.sh, or name the place with --share"
  [[ -d $share ]] || die "There is no folder $(printf %q "$share"): $remedy."
  [[ -n $unmounted ]] || mountpoint -q -- "$share" ||
    die "Nothing is mounted at $(printf %q "$share"): $remedy (for an ordinary folder, add --unmounted)."
  [[ -w $share ]] || die "$(printf %q "$share") cannot be written to: see that the share is not read-only, and run as root."
  target=$share/$job_folder
  apart_from_source "$(cd -P -- "$share" && printf %s "$PWD")/$job_folder"
  apart_from_source "$state"
}

apart_from_source() { # FOLDER: neither holds the other
  [[ "$1/" != "$source_folder/"* && "$source_folder/" != "$1/"* ]] ||
    die "The source $(printf %q "$source_folder") and $(printf %q "$1") lie in each other: name another source."
}

# Take the set's place among the jobs; nobody else works on the set until this process and all
# that it began have ended, however they end.
open_job() {
  job=$state/jobs/$set_id work=$job/work
  { mkdir -p -- "$job" && exec 9>>"$job/lock"; } ||
    die "The job's state cannot be kept in $(printf %q "$job"): run as root, or set VAULT_STATE_FOLDER."
  flock -n 9 || die "The set $(printf %q "$set_id") is being vaulted by process $(<"$job/lock"): wait until that has ended."
  printf %s "$$" >"$job/lock"
  rm -rf -- "$work"
  mkdir -- "$work"
  trap 'rm -rf -- "$work"' EXIT
  export TMPDIR=$work
}

# Find out what there is to do; refuse what cannot be done before anything is copied.
look() {
  scan_source "$work/source"
  refuse "$work/source"
  as_copied <"$work/source" >"$work/want"
  total_bytes=$(summed "$work/want")
  list_target
  refuse_surplus
  began=''
  [[ ! -e $job/began ]] || began=$(<"$job/began")
  if [[ -n $new || ! $began =~ ^[0-9]+$ ]]; then
    [[ -n $new || ! -s $work/have ]] ||
      die "The set $(printf %q "$set_id") is in the share, but not by a job of this machine: give another id with --set, or deliver it anew with --new."
    begin
  fi
  find_todo
}

# A new delivery is announced from its start on. What an earlier one left in the share looks like a
# copy of this one: until this one is whole, only what the file copied names counts as copied.
begin() {
  rm -f -- "$job/copied"
  if [[ -s $work/have ]]; then
    : >"$job/again"
    sed -n 's:^e/0/0/:./:p' "$work/source" | tr '\n' '\0' | (cd -- "$target" && xargs -0r rmdir -- 2>/dev/null) || true
    list_target
  fi
  began=$(date +%s)
  say "$began" >"$work/began"
  mv -- "$work/began" "$job/began"
}

end_delivery() { rm -f -- "$job/again" "$job/copied"; }

list_target() {
  : >"$work/have"
  [[ ! -e $target ]] || list "$target" | without_manifest | as_copied >"$work/have" ||
    die "Not all of $(printf %q "$target") could be listed: see that the share answers, and run the same command again."
}

find_todo() {
  comm -23 "$work/want" "$work/have" >"$work/todo"
  [[ -e $job/again ]] || return 0
  sort -u -- "$job/copied" >"$work/copied" 2>/dev/null || : >"$work/copied"
  sed -n '/^f/p' "$work/want" | comm -23 - "$work/copied" | sort -u -- - "$work/todo" >"$work/todo.again"
  mv -- "$work/todo.again" "$work/todo"
}

refuse_surplus() {
  paths <"$work/want" >"$work/want.paths"
  paths <"$work/have" | comm -13 "$work/want.paths" - >"$work/surplus"
  [[ ! -s $work/surplus ]] ||
    refuse_all "$work/surplus" "These are in $(printf %q "$target"), but not in the source: remove them there and add --new, or give another id with --set."
}

copy() {
  local files files_left bytes_left
  files=$(counted "$work/want") files_left=$(counted "$work/todo") bytes_left=$(summed "$work/todo")
  say "Copying $files_left of $files files to $(printf %q "$target")"
  export target progress=$work/progress copied=''
  [[ ! -e $job/again ]] || copied=$job/copied
  mkdir -p -- "$target"
  sed -n 's:^d/0/0/:./:p' "$work/todo" | tr '\n' '\0' | (cd -- "$target" && xargs -0r mkdir -p --) ||
    die "Not all folders could be made in $(printf %q "$target"): mend the cause and run the same command again."
  sed -n '/^f/p' "$work/todo" | sort -t/ -k4 | tr '\n' '\0' >"$work/batches"
  work_with_progress Copied "$progress" $((files - files_left)) $((total_bytes - bytes_left)) "$files" "$total_bytes" \
    copy_batches "$(batch_size "$files_left")" || copy_failed=yes
  cat -- "$work/complaints" >&2
}

batch_size() { # FILES: small enough that no job is left with the last ones, 100 at most
  local size=$(($1 / (jobs * 8) + 1))
  say $((size < 100 ? size : 100))
}

copy_batches() { # FILES_A_BATCH
  export -f copy_batch copy_group
  xargs -0r -n "$1" -P "$jobs" -a "$work/batches" bash -c 'copy_batch "$@"' copy_batch </dev/null 2>"$work/complaints"
}

# Copy files, each told as in a scan, sorted by path: those of one folder at once.
copy_batch() {
  local record path size folder='' bytes=0 status=0
  local -a names=() records=()
  for record in "$@"; do
    path=./${record#*/*/*/} size=${record#f/}
    size=${size%%/*}
    if [[ ${path%/*} != "$folder" ]] || ((size >= 1 << 26)); then
      copy_group || status=1
      folder=${path%/*}
    fi
    names+=("$path") records+=("$record") bytes=$((bytes + size))
    ((bytes < 1 << 26)) || printf '%s\0' "$target/$path" >"$progress.now/$$"
  done
  copy_group || status=1
  return "$status"
}

# The modification time is set last, so that a copy which was interrupted shows.
copy_group() {
  ((${#names[@]})) || return 0
  local record status=0
  cp -f --preserve=timestamps -t "$target/$folder" -- "${names[@]}" || status=1
  : >"$progress.now/$$"
  if ((status == 0)); then
    [[ -z $copied ]] || for record in "${records[@]}"; do printf '%s\n' "$record"; done >>"$copied"
    printf '%s %s\n' "${#names[@]}" "$bytes" >>"$progress"
  fi
  names=() records=() bytes=0
  return "$status"
}

# Everything is in the share as it was in the source at the first look, and is in the source still.
compare() {
  local cause="so the manifest was not put in"
  scan_source "$work/rescan"
  comm -3 "$work/source.all" "$work/rescan.all" | sed 's/^\t//' | paths | sort -u >"$work/changed"
  [[ ! -s $work/changed ]] ||
    refuse_all "$work/changed" "These changed in the source meanwhile, $cause: let the source rest and run the same command again."
  list_target
  find_todo
  paths <"$work/todo" >"$work/uncopied"
  [[ ! -s $work/uncopied ]] ||
    refuse_all "$work/uncopied" "These are not in the share as they are in the source, $cause: mend the cause and run the same command again."
  refuse_surplus
  [[ -z $copy_failed ]] || die "Copying failed, as told above, $cause: mend the cause and run the same command again."
}

put_manifest() {
  trap '' INT TERM HUP # half a manifest must not stay in the share
  cp -- "$work/manifest" "$work/moving"
  mv -f -T -- "$work/moving" "$target/$manifest_name" 2>"$work/complaints" || true
  cmp -s -- "$work/manifest" "$target/$manifest_name" || {
    rm -f -- "$target/$manifest_name"
    cat -- "$work/complaints" >&2
    die "The manifest could not be put into $(printf %q "$target"): mend the cause and run the same command again."
  }
}

main "$@"
