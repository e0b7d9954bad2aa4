#!/usr/bin/env bash
# Copy a folder into the file share as one dataset, and put its manifest in last.
#
# Usage: vault-data.sh --source DIR [options]
#   --source DIR   the folder to vault; it is only read
#   --set ID       the dataset's id (the folder's name)
#   --share DIR    the mount point of the share (MOUNT_POINT of client.conf, or /mnt/vaultdata)
#   --new          deliver anew what was vaulted before: a new start time, everything copied again
#   --all          also vault files whose names match IGNORE_UNEXPECTED_NAMES of client.conf, such as .DS_Store
#   --plain        write the plain manifest: keys, without sizes
#   --checksum A   list a checksum of each file, so that content can be verified: sha256, or crc64nvme,
#                  which S3 also computes; crc64nvme needs the module awscrt of VAULT_PYTHON (python3)
#   --jobs N       files copied at a time (16)
#   --unmounted    the share is an ordinary folder
#
# Run the same command again after an interruption or a failure: it copies what is not in the share
# yet. A file counts as copied if its last copy succeeded, and its size and its modification time, in
# seconds, are those of the source. The checksum of a file that has not changed is not computed again.
# VAULT_STATE_FOLDER (/var/lib/vault) keeps what was copied, by share and set; a running job needs 1,500
# bytes there for each file whose path has 69 bytes, and 3,000 with --checksum.
# Exit status: 0 vaulted; 1 refused or failed; 2 misused; 129, 130, 143 ended by HUP, INT, TERM.
set -euo pipefail
scripts=$(dirname "$(readlink -f "$0")")
# shellcheck source=scripts/lib.sh
. "$scripts/lib.sh"
# shellcheck source=scripts/progress.sh
. "$scripts/progress.sh"
# shellcheck source=scripts/mounts.sh
. "$scripts/mounts.sh"
# shellcheck source=scripts/scans.sh
. "$scripts/scans.sh"
# shellcheck source=scripts/job.sh
. "$scripts/job.sh"
# shellcheck source=scripts/copies.sh
. "$scripts/copies.sh"
# shellcheck source=scripts/checksums.sh
. "$scripts/checksums.sh"
# shellcheck source=scripts/manifest.sh
. "$scripts/manifest.sh"

main() {
  read_options "$@"
  open_source
  open_share
  find_checksum_tool
  open_job
  stop_at_signals "Run the same command again: it copies what is not in the share yet."
  look
  if [[ -z $anew && ! -s $work/todo ]] && compute_checksums && write_manifest && cmp -s -- "$work/manifest" "$target/$manifest_name"; then
    print "The set $set_id is vaulted already: $total_files files, and none has changed$(mention_litter)."
    end_delivery
    return
  fi
  refuse_expired
  copy_failed=''
  [[ ! -s $work/todo ]] || copy
  [[ -n $copy_failed ]] || compute_checksums
  compare
  write_manifest
  put_manifest
  end_delivery
  print "Vaulted $total_files files, $(shown_bytes "$total_bytes"), as the set $set_id$(mention_litter)."
}

read_options() {
  source_folder='' set_id='' share='' new='' all='' plain='' checksum='' jobs=16 unmounted=''
  while (($#)); do
    case $1 in
      --help) show_help ;;
      --new | --all | --plain | --unmounted) printf -v "${1#--}" yes && shift && continue ;;
    esac
    require_value "$@"
    case $1 in
      --source) source_folder=$2 ;;
      --set)
        [[ -n $2 ]] || misused "--set needs an id that is not empty."
        set_id=$2
        ;;
      --share) share=$2 ;;
      --checksum)
        [[ $2 == sha256 || $2 == crc64nvme ]] || misused "--checksum must be sha256 or crc64nvme, not '$2'."
        checksum=$2
        ;;
      --jobs) require_whole_number "$1" "$2" 1 && jobs=$2 ;;
      *) misused "There is no option '$1'." ;;
    esac
    shift 2
  done
  [[ -n $source_folder ]] || misused "--source is missing: name the folder to vault."
  [[ -z $plain || -z $checksum ]] || misused "--plain lists no checksums: leave out --checksum, or --plain."
  read_configuration
  [[ $EXPIRY_DAYS =~ ^[1-9][0-9]{0,4}$ ]] || die "EXPIRY_DAYS must be a whole number of days, not '$EXPIRY_DAYS': correct it in client.conf."
  SHARE_PREFIX=${SHARE_PREFIX%/}${SHARE_PREFIX:+/}
  read_litter_names
}

open_source() {
  local name=$source_folder
  share=$(plain_path "${share:-$MOUNT_POINT}")
  state=$(plain_path "${VAULT_STATE_FOLDER:-/var/lib/vault}")
  cd -P -- "$(plain_path "$name")" 2>/dev/null || die "There is no folder $(shown "$name") that can be entered: name one with --source."
  source_folder=$PWD
  set_id=${set_id:-${PWD##*/}}
  job_folder=$set_id$JOB_DIR_SUFFIX manifest_name=$set_id$MANIFEST_SUFFIX
  if [[ -z $set_id || $set_id == . || $set_id == .. || $set_id == */* ]] ||
    ! is_a_name "$set_id" || ((${#job_folder} > 255 || ${#manifest_name} > 255)); then
    die "$(shown "$set_id") cannot be a set id: give --set a name that a folder may have, in UTF-8 and without control characters."
  fi
}

open_share() {
  local problem physical remedy="run mount-share.sh, or name the place with --share"
  share_id=''
  if [[ -z $unmounted ]] && mount_at "$share"; then
    share_id=$mounted
    require_answer "$share"
  fi
  find_problem "$share"
  [[ -z $problem && -d $share ]] || die "There is no folder $(shown "$share")${problem:+ that can be used: it $problem}; $remedy."
  physical=$(cd -P -- "$share" && printf %s "$PWD")
  if [[ -n $unmounted ]]; then
    share_id=$physical
  elif [[ -z $share_id ]]; then # perhaps a link to the mount point
    share=$physical
    mount_at "$share" || die "Nothing is mounted at $(shown "$share"): $remedy (for an ordinary folder, add --unmounted)."
    share_id=$mounted
  fi
  [[ -w $share ]] || die "$(shown "$share") cannot be written to: see that the share is not read-only, and run as root."
  target=$share/$job_folder
  apart_from_source "$physical/$job_folder"
  apart_from_source "$state"
}

apart_from_source() { # FOLDER: neither contains the other
  [[ "$1/" != "$source_folder/"* && "$source_folder/" != "$1/"* ]] ||
    die "One of the folders $(shown "$source_folder"), the source, and $(shown "$1") contains the other: name another source."
}

# Plan the work, and refuse impossible work before anything is copied.
look() {
  scan_source "$work/source"
  litter_count=$(stat -c %s -- "$work/source.litter")
  read -r total_files total_bytes < <(totals "$work/source")
  refuse "$work/source"
  require_state_room "$work/source"
  as_copied <"$work/source" >"$work/want"
  paths <"$work/source" >"$work/want.paths"
  list_target
  refuse_target
  open_delivery
  find_todo
}

mention_litter() {
  ((litter_count == 0)) || printf %s "; $litter_count files with ignored names were left out (--all includes them)"
}

list_target() {
  : >"$work/have"
  [[ -n $unmounted ]] || { mount_at "$share" && [[ $mounted == "$share_id" ]]; } ||
    die "$(shown "$share_id") is not mounted at $(shown "$share") any more: run mount-share.sh, and the same command again."
  [[ ! -L $target ]] || die "$(shown "$target") is a link, and a copy would change the place to which it leads: remove the link."
  [[ -e $target ]] || return 0
  interruptibly list_copies "$target" ${without_litter[@]+"${without_litter[@]}" -o} >"$work/have" || {
    state_has_room || exit 1
    die "Not all of $(shown "$target") could be listed: see that the share answers, and run the same command again."
  }
}

list_copies() { # FOLDER [EXPRESSION...]
  list "$@" | manifest=$manifest_name awk "$split"' path != ENVIRON["manifest"] || kind != "f"' | as_copied
}

# Litter that is already in the share stays there.
refuse_target() {
  local litter_path="(^|/)($litter)(/|$)"
  paths <"$work/have" | comm -13 "$work/want.paths" - | { [[ -z $litter ]] && cat || grep -aEv -e "$litter_path" || true; } >"$work/surplus"
  [[ ! -s $work/surplus ]] ||
    refuse_all "$work/surplus" "These are in $(shown "$target"), but not in the source: remove them there and add --new, or give another id with --set."
  sed '/^[fd]/d' "$work/have" | paths | comm -12 - "$work/want.paths" >"$work/strange"
  [[ ! -s $work/strange ]] ||
    refuse_all "$work/strange" "These are neither files nor folders in $(shown "$target"), and a copy could change the files to which they lead: remove them there."
}

# Check that the share has everything as the first scan of the source found it, and that the source has
# not changed since.
compare() {
  local cause="so the manifest was not put in"
  scan_source "$work/rescan"
  {
    sort -m -t/ -k4 -- "$work/source" "$work/rescan" | uniq -u
    [[ -z $checksum ]] || sort -m -- "$work/source.stamps" "$work/rescan.stamps" | uniq -u
  } | paths | uniq >"$work/changed"
  [[ ! -s $work/changed ]] ||
    refuse_all "$work/changed" "These changed in the source meanwhile, $cause: stop the changes to the source, and run the same command again."
  list_target
  refuse_target
  find_todo
  paths <"$work/todo" >"$work/uncopied"
  [[ ! -s $work/uncopied ]] ||
    refuse_all "$work/uncopied" "These are not in the share as they are in the source, $cause: fix the cause and run the same command again."
  [[ -z $copy_failed ]] || die "Copying failed, as reported above, $cause: fix the cause and run the same command again."
}

main "$@"
