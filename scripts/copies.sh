# shellcheck shell=bash disable=SC2034,SC2154
# Copy the files that the share lacks, many at a time.

copy() {
  local files_left bytes_left
  read -r files_left bytes_left < <(totals "$work/todo")
  print "Copying $files_left of $total_files files to $(shown "$target")"
  export target journal progress=$work/progress
  readably mkdir -p -- "$target"
  sed -n 's:^d/0/0/:./:p' "$work/todo" | tr '\n' '\0' | (cd -- "$target" && readably xargs -0r mkdir -p --) ||
    die "Not all folders could be made in $(shown "$target"): fix the cause and run the same command again."
  sed -n '/^f/p' "$work/todo" | sort -t/ -k4 | group_files "$(batch_size "$files_left")" >"$work/batches"
  journal_todo
  copy_failed=''
  work_with_progress Copied "$progress" $((total_files - files_left)) $((total_bytes - bytes_left)) "$total_files" "$total_bytes" \
    copy_batches || copy_failed=yes
  rm -- "$work/batches"
  [[ -z $full ]] || ! state_has_room ||
    die "No space is left in $(shown "$target"), so copying was stopped: wait until the gateway has uploaded more of its cache, and run the same command again."
}

batch_size() { # FILES: about 8 batches for each parallel cp, so that all end at about the same time; 200 files at most
  local size=$(($1 / (jobs * 8) + 1))
  print $((size < 200 ? size : 200))
}

# Convert records of a scan, sorted by path, to batches that end with NUL. A batch is a list of groups,
# whose files are copied at once: a line "<files> <bytes>", the paths, the records. A large file begins
# a group. Linux limits an argument, such as a batch, to 128 KiB.
group_files() { # FILES_A_BATCH
  batch=$1 awk "$split"'
    function end_group() {
      if (files) groups = groups sprintf("%d %.0f\n", files, bytes) paths records
      files = bytes = 0
      paths = records = ""
    }
    function end_batch() {
      end_group()
      printf "%s\1", groups
      batched = 0
      groups = ""
    }
    {
      name = $NF
      now = substr(path, 1, length(path) - length(name))
      if (batched == ENVIRON["batch"] || length(groups paths records) > 60000) end_batch()
      if (now != folder || size >= 67108864) end_group()
      folder = now
      paths = paths "./" path "\n"
      records = records $0 "\n"
      files++
      batched++
      bytes += size
    }
    END { if (NR) end_batch() }' | tr '\1' '\0'
}

copy_batches() {
  export printable
  export -f copy_batch copy_group copy_files quote
  xargs -0r -n 1 -P "$jobs" -a "$work/batches" bash -f -c 'copy_batch "$@"' copy_batch </dev/null
}

# The lines are separated without a loop, which would take longer than cp.
copy_batch() { # BATCH
  local IFS=$'\n' first=0 files bytes status=0
  # shellcheck disable=SC2206 # bash -f expands no wildcards
  local -a lines=($1) names records
  while ((first < ${#lines[@]})); do
    files=${lines[first]% *} bytes=${lines[first]#* }
    names=("${lines[@]:first+1:files}") records=("${lines[@]:first+1+files:files}")
    copy_group || status=1
    first=$((first + 1 + 2 * files))
  done
  return "$status"
}

copy_group() {
  copy_files || return 1
  printf '+%s//\n' "${records[@]}" >>"$journal" || return 1
  printf '%s %s\n' "$files" "$bytes" >>"$progress"
}

# Do not write through a link, and do not follow a link that has appeared since the scan.
copy_files() {
  local name quoted folder=${names[0]%/*} status=0
  for name in "$folder" "${names[@]}"; do
    if [[ -L $target/$name || -L $name ]]; then
      quote "${name#./}"
      printf '%s has become a link since the scan; it was not followed\n' "$quoted" >&2
      return 1
    fi
  done
  if ((bytes < 1 << 26)); then
    readably cp -P -f --preserve=timestamps -t "$target/$folder" -- "${names[@]}"
  else
    readably exec cp -P -f --preserve=timestamps -t "$target/$folder" -- "${names[@]}" &
    printf '%s wchar\n' "$!" >"$progress.now/$$"
    wait "$!" || status=1
    rm -f -- "$progress.now/$$"
    return "$status"
  fi
}
