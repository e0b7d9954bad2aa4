# shellcheck shell=bash disable=SC2034,SC2154
# Checksums of the source, for the manifest of form 2. $job/checksums.<algorithm> keeps each with the
# stamp of its file, <bytes>/<modified>/<changed>/<path> to the nanosecond: a file with that stamp is
# not read again. A tab separates the two, because a name contains no tab.

# Choose the tool before anything is copied. openssl comes first, because it uses the processor's
# instructions: it took 0.18 s for 200 MB, and a sha256sum built without them took 0.86 s.
find_checksum_tool() {
  local known
  local -a tools
  export python=${VAULT_PYTHON:-python3} tool
  case $checksum in
    '') return ;;
    sha256) tools=(openssl sha256sum) known=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ;;
    crc64nvme) tools=(awscrt) known=0000000000000000 ;;
  esac
  for tool in "${tools[@]}"; do
    [[ $("sums_by_$tool" /dev/null 2>/dev/null) != "$known"* ]] || return 0
  done
  [[ $checksum == crc64nvme ]] || die "Neither openssl nor sha256sum computes SHA-256 here: install openssl."
  die "$(shown "$python") cannot compute CRC64NVME, for it lacks awscrt: install that (python3 -m pip install awscrt, with Python 3.8 or later), name a Python that has it in VAULT_PYTHON, or use --checksum sha256."
}

# Print one line for each file, beginning with its checksum. The tool replaces the process.
sums_by_openssl() { exec openssl dgst -sha256 -r "$@"; }
sums_by_sha256sum() { readably exec sha256sum "$@"; }
sums_by_awscrt() {
  exec "$python" -c '
import sys
from awscrt.checksums import crc64nvme
for name in sys.argv[1:]:
    checksum = 0
    with open(name, "rb", buffering=0) as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            checksum = crc64nvme(block, checksum)
    print("%016x" % checksum)' "$@"
}

# Separate the files with a known checksum from the others, and read the others. A file that changes
# meanwhile has another stamp at the scan after the copying.
compute_checksums() {
  [[ -n $checksum && ! -e $work/checksums ]] || return 0
  local files processors batch
  export checksums=$job/checksums.$checksum progress=$work/progress
  find_known
  if [[ -s $work/unread ]]; then
    files=$(awk 'END { print NR }' "$work/unread") processors=$(nproc)
    batch=$((files / (processors * 8) + 1))
    tr '\n' '\0' <"$work/unread" >"$work/batches"
    printf '\n' >>"$checksums" # ends a line that was cut short
    work_with_progress "Computed the $checksum of" "$progress" 0 0 "$files" "$(awk -F / '{ n += $1 } END { printf "%.0f", n }' "$work/unread")" \
      checksum_batches $((batch < 1000 ? batch : 1000)) "$processors" ||
      die "Not every file of the source could be read for its checksum: fix the cause and run the same command again, which keeps what was computed."
    rm -- "$work/batches"
    find_known
  fi
  cp -- "$work/known" "$work/kept"
  mv -f -- "$work/kept" "$checksums"
  sort -t/ -k4 -o "$work/checksums" -- "$work/known" # in the order of the source
}

# A line without both a stamp and a checksum was cut short.
find_known() {
  local digits=16
  [[ $checksum == crc64nvme ]] || digits=64
  touch -- "$checksums"
  { grep -aE $'^[^\t]+\t[0-9a-f]{'"$digits"'}$' -- "$checksums" || true; } | sort -s -u -t $'\t' -k1,1 >"$work/kept"
  join -t $'\t' -- "$work/source.stamps" "$work/kept" >"$work/known"
  join -t $'\t' -v 1 -- "$work/source.stamps" "$work/kept" >"$work/unread"
}

checksum_batches() { # FILES_A_BATCH PROCESSES
  export -f checksum_batch checksum_group "sums_by_$tool"
  xargs -0r -n "$1" -P "$2" -a "$work/batches" bash -c 'checksum_batch "$@"' checksum_batch </dev/null
}

# A large file is a group of its own.
checksum_batch() { # STAMP...
  local stamp bytes=0 status=0
  local -a stamps=()
  for stamp in "$@"; do
    ((bytes + ${stamp%%/*} < 1 << 26)) || checksum_group || status=1
    stamps+=("$stamp") bytes=$((bytes + ${stamp%%/*}))
  done
  checksum_group || status=1
  return "$status"
}

checksum_group() {
  ((${#stamps[@]})) || return 0
  local -a paths=("${stamps[@]#*/*/*/}") sums=()
  local line i status=0
  "sums_by_$tool" "${paths[@]/#/./}" >"$progress.$$" &
  printf '%s rchar\n' "$!" >"$progress.now/$$"
  wait "$!" || status=1
  : >"$progress.now/$$"
  while IFS= read -r line; do
    line=${line#\\} # sha256sum escapes a name that has a backslash
    sums+=("${line%% *}")
  done <"$progress.$$"
  if ((status == 0 && ${#sums[@]} == ${#stamps[@]})); then
    for i in "${!stamps[@]}"; do printf '%s\t%s\n' "${stamps[i]}" "${sums[i]}" || status=1; done >>"$checksums" || status=1
    ((status)) || printf '%s %s\n' "${#stamps[@]}" "$bytes" >>"$progress"
  else
    status=1
  fi
  stamps=() bytes=0
  return "$status"
}
