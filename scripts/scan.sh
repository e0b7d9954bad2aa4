# shellcheck shell=bash disable=SC2154
# What a folder holds, as lines <type>/<bytes>/<modified>/<path>, and what may be vaulted of it.
# Types are those of find -printf %y, and e: empty folder, u: unreadable file. A path with a line
# break in it never becomes a line.

list() { # FOLDER [EXPRESSION...]: unsorted, without what EXPRESSION handles
  (
    cd -- "$1" || exit
    shift
    find . -mindepth 1 "$@" \( -type d -printf 'd/0/0/%P\n' -o -printf '%y/%s/%T@/%P\n' \)
  )
}

scan_source() { # OUTPUT: sorted by path; paths with a line break go to OUTPUT.broken
  list . \( -path $'*[\n\r]*' -fprint0 "$1.broken" \) -o \( -type d -empty -printf 'e/0/0/%P\n' \) -o \
    \( -type f ! -readable -printf 'u/%s/%T@/%P\n' \) -o >"$1.found" 2>"$1.complaints" || {
    cat -- "$1.complaints" >&2
    die "Not all of $(printf %q "$source_folder") could be read: run as root, or mend it."
  }
  sort -t/ -k4 -- "$1.found" >"$1"
  sort -- "$1.found" >"$1.all"
  rm -- "$1.found"
}

# As the copy in the share will show it: times in whole seconds, an empty folder as a folder.
as_copied() { sed -e 's:^e/:d/:' -e 's:^\([^d]/[0-9]*/-\{0,1\}[0-9]*\)[^/]*/:\1/:' | sort; }

without_manifest() { name=$manifest_name awk "$split"' path != ENVIRON["name"]'; }
paths() { awk "$split"' { print path }' | sort; }
counted() { awk '/^f/ { n++ } END { printf "%.0f", n }' "$1"; }
summed() { awk -F / '/^f/ { n += $2 } END { printf "%.0f", n }' "$1"; }

# shellcheck disable=SC2016 # awk's, not the shell's
split='{ path = $0; sub(/^[^\/]*\/[^\/]*\/[^\/]*\//, "", path); split($0, field, "/"); kind = field[1]; size = field[2] }'

# What Python decodes as UTF-8: no surrogates, nothing above U+10FFFF, nothing longer than needed.
utf8='^([\001-\177]|[\302-\337][\200-\277]|\340[\240-\277][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]|\355[\200-\237][\200-\277]|\360[\220-\277][\200-\277][\200-\277]|[\361-\363][\200-\277][\200-\277][\200-\277]|\364[\200-\217][\200-\277][\200-\277])*$'

is_utf8() { printf '%s\n' "$1" | awk "!/$utf8/ { exit 1 }"; }

# End the job and name all that cannot be vaulted.
refuse() { # SCAN
  prefix=$job_folder/ manifest=$manifest_name awk "$split"'
    function refuse(reason) { print reason "/" path }
    kind == "u" { refuse("it cannot be read"); next }
    kind !~ /[fde]/ { refuse("it is neither a file nor a folder"); next }
    path == ENVIRON["manifest"] { refuse("its name is that of the manifest"); next }
    length(ENVIRON["prefix"]) + length(path) + (kind != "f") > 1024 { refuse("its key would be longer than 1,024 bytes"); next }
    /[\200-\377]/ && path !~ /'"$utf8"'/ { refuse("its name is not UTF-8") }' "$1" >"$1.refused"
  if [[ -s $1.refused || -s $1.broken ]]; then
    complain "Nothing was copied, for these cannot be vaulted: rename or remove them, and run again."
    local path
    while IFS= read -r -d '' path; do
      printf '  %q: its name has a line break in it\n' "${path#./}"
    done <"$1.broken" >&2
    while IFS= read -r path; do printf '  %q: %s\n' "${path#*/}" "${path%%/*}"; done <"$1.refused" >&2
    exit 1
  fi
  (($(counted "$1"))) || die "The folder $(printf %q "$source_folder") holds no file: there is nothing to vault."
}

refuse_all() { # PATHS_FILE REASON
  local path
  complain "$2"
  while IFS= read -r path; do printf '  %q\n' "$path"; done <"$1" >&2
  exit 1
}

# List the source as it was scanned: what was lost in the copying must show.
write_manifest() {
  prefix=$job_folder/ plain=$plain awk "$split"'
    kind ~ /[fe]/ { print (ENVIRON["plain"] ? "" : size " ") ENVIRON["prefix"] path }' "$work/source" >"$work/entries"
  if [[ -z $plain ]]; then
    local digest
    digest=$(sha256sum <"$work/entries")
    say "#vault-manifest 1 began=$began entries=$(awk 'END { printf "%.0f", NR }' "$work/entries") bytes=$total_bytes sha256=${digest%% *}" >"$work/manifest"
    cat -- "$work/entries" >>"$work/manifest"
  else
    mv -- "$work/entries" "$work/manifest"
  fi
}
