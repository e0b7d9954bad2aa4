# shellcheck shell=bash disable=SC2034
# Work in a separate process group: its progress, its error messages, and its end at a signal.

group=      # the process group that works now
complaints= # the pipe for its error messages while it works

# Run a command. A signal to this process ends it at once, even while it waits for a server.
interruptibly() { # COMMAND...
  local status=0
  set -m
  "$@" &
  group=$!
  set +m
  wait "$group" || status=$?
  group=
  return "$status"
}

# Work in parallel and report progress. The workers append lines "<files> <bytes>" to the file of
# progress. For large files, they keep lines in progress.now/ with the process and its counter:
# "<process> wchar" (bytes written) or "<process> rchar" (read). Error messages are
# shown at once; the first one about a lack of space sets full and ends the work.
work_with_progress() { # VERB PROGRESS_FILE FILES_DONE BYTES_DONE FILES BYTES COMMAND...
  local verb=$1 file=$2 status=0
  files_done=$3 bytes_done=$4 files=$5 bytes=$6 full='' unfinished=''
  shift 6
  local next_line=$((SECONDS + ${VAULT_PROGRESS_SECONDS:-5}))
  rm -rf -- "$file.now" "$file.complaints"
  mkdir -- "$file.now"
  mkfifo -- "$file.complaints"
  : >"$file"
  exec 7<"$file" 8<>"$file.complaints"
  complaints=$file.complaints
  set -m
  "$@" 2>"$complaints" 7<&- 8<&- &
  group=$!
  set +m
  while kill -0 "$group" 2>/dev/null; do
    if [[ -t 2 ]] || ((SECONDS >= next_line)); then
      next_line=$((SECONDS + ${VAULT_PROGRESS_SECONDS:-5}))
      show_progress "$verb" "$file"
    fi
    show_complaints 0.1
    [[ -z $full ]] || end_group
  done
  wait "$group" || status=$?
  show_complaints 0.01
  group='' complaints=''
  show_progress "$verb" "$file"
  [[ ! -t 2 ]] || printf '\n' >&2
  exec 7<&- 8<&-
  return "$status"
}

show_complaints() { # SECONDS: how long to wait for one
  local line pause=$1
  while IFS= read -r -t "$pause" line <&8; do
    line=$unfinished$line unfinished='' pause=0.01
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
    printf '%s\n' "$line" >&2
    [[ $line != *"No space left on device"* && $line != *"Disk quota exceeded"* ]] || full=yes
  done
  unfinished+=$line
}

show_progress() { # VERB PROGRESS_FILE
  local more_files more_bytes begun text
  while read -r more_files more_bytes <&7; do
    files_done=$((files_done + more_files)) bytes_done=$((bytes_done + more_bytes))
  done
  count_begun "$2.now"
  text="$1 $files_done of $files files, $(shown_bytes $((bytes_done + begun))) of $(shown_bytes "$bytes")"
  if [[ -t 2 ]]; then printf '\r%s\033[K' "$text" >&2; else print "$text" >&2; fi
}

# Set begun to the number of bytes of large files that processes have read or written. The kernel
# counts them; the size of a file would need a request to the server, and wait for it.
count_begun() { # FOLDER
  local file process counter key value
  begun=0
  for file in "$1"/*; do
    { read -r process counter <"$file" && exec 6<"/proc/$process/io"; } 2>/dev/null || continue
    while read -r key value <&6; do [[ $key != "$counter": ]] || begun=$((begun + value)); done
    exec 6<&-
  done
}

end_group() { { kill -TERM -- "-$group" && wait "$group"; } 2>/dev/null || true; }

# At a signal, end all started processes, print the remedy, and exit with the shell's status for it.
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
    [[ -z $complaints ]] || show_complaints 0.01
    end_group
    [[ ! -t 2 ]] || printf '\n' >&2
  fi
  complain "Interrupted. $2"
  exit "$1"
}
