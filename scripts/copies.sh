# shellcheck shell=bash disable=SC2034,SC2154
# Copy the files that the share lacks, many at a time.

copy() {
  local files files_left bytes_left
  files=$(counted "$work/want") files_left=$(counted "$work/todo") bytes_left=$(summed "$work/todo")
  print "Copying $files_left of $files files to $(printf %q "$target")"
  export target journal progress=$work/progress
  mkdir -p -- "$target"
  sed -n 's:^d/0/0/:./:p' "$work/todo" | tr '\n' '\0' | (cd -- "$target" && xargs -0r mkdir -p --) ||
    die "Not all folders could be made in $(printf %q "$target"): fix the cause and run the same command again."
  sed -n '/^f/p' "$work/todo" | sort -t/ -k4 | tr '\n' '\0' >"$work/batches"
  journal_todo
  copy_failed=''
  work_with_progress Copied "$progress" $((files - files_left)) $((total_bytes - bytes_left)) "$files" "$total_bytes" \
    copy_batches "$(batch_size "$files_left")" || copy_failed=yes
  rm -- "$work/batches"
  [[ -z $full ]] || ! state_has_room ||
    die "No space is left in $(printf %q "$target"), so copying was stopped: wait until the gateway has uploaded more of its cache, and run the same command again."
}

batch_size() { # FILES: small enough that no job is left with the last ones, 100 at most
  local size=$(($1 / (jobs * 8) + 1))
  print $((size < 100 ? size : 100))
}

copy_batches() { # FILES_A_BATCH
  export -f copy_batch copy_group copy_files
  xargs -0r -n "$1" -P "$jobs" -a "$work/batches" bash -c 'copy_batch "$@"' copy_batch </dev/null
}

# Copy files, each a record of a scan, sorted by path. The files of a folder are copied at once.
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
  done
  copy_group || status=1
  return "$status"
}

copy_group() {
  ((${#names[@]})) || return 0
  local status=0
  copy_files || status=1
  if ((status == 0)); then
    printf '+%s//\n' "${records[@]}" >>"$journal" || status=1
    printf '%s %s\n' "${#names[@]}" "$bytes" >>"$progress"
  fi
  names=() records=() bytes=0
  return "$status"
}

# Do not write through a link, and do not follow a link that has appeared since the scan.
copy_files() {
  local name status=0
  for name in "$folder" "${names[@]}"; do
    if [[ -L $target/$name || -L $name ]]; then
      printf '%q has become a link since the scan; it was not followed\n' "$name" >&2
      return 1
    fi
  done
  if ((bytes < 1 << 26)); then
    cp -P -f --preserve=timestamps -t "$target/$folder" -- "${names[@]}"
  else
    cp -P -f --preserve=timestamps -t "$target/$folder" -- "${names[@]}" &
    printf '%s wchar\n' "$!" >"$progress.now/$$"
    wait "$!" || status=1
    rm -f -- "$progress.now/$$"
    return "$status"
  fi
}
