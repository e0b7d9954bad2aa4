# shellcheck shell=bash disable=SC2034,SC2154
# The contents of a folder, as lines <type>/<bytes>/<modified>/<path>, and the parts that may be vaulted.
# Types are those of find -printf %y, and e: empty folder, u: unreadable file. A path that contains a
# line break is never listed. A stamp is <bytes>/<modified>/<changed>/<path>. Litter has a name that the
# setting ignoreUnexpectedNames matches.

list() { # FOLDER [EXPRESSION...]: unsorted, without files that EXPRESSION handles
  (
    cd -- "$1" || exit
    shift
    find . -mindepth 1 "$@" \( -type d -printf 'd/0/0/%P\n' -o -printf '%y/%s/%T@/%P\n' \) 2>&1 >&3 3>&- |
      show_find_errors >&2 3>&-
  ) 3>&1
}

# find runs in the locale C, where its patterns match bytes, and writes names as strings of C.
show_find_errors() {
  local line name
  while IFS= read -r line; do
    if [[ $line =~ ^([^\']*)\'(.*)\'(: .*)$ ]]; then
      name=${BASH_REMATCH[2]//\\\\/\\134}
      name=${name//\\\'/\\047}
      printf -v name %b "${name//\\0/\\00}" # %b reads three digits after \0
      line=${BASH_REMATCH[1]}$(shown "$name")${BASH_REMATCH[3]}
    fi
    print "$line"
  done
}

# Set litter to a regular expression for names, and without_litter to an expression of find. Both match
# names as the handlers do: byte for byte, with * and ? as the only wildcards. Slashes separate the
# patterns, because a name contains no slash.
read_litter_names() {
  local pattern i byte rest=$IGNORE_UNEXPECTED_NAMES/
  litter='' without_litter=()
  while [[ -n $rest ]]; do
    pattern=${rest%%/*} rest=${rest#*/}
    [[ -z $pattern ]] || litter+=${litter:+|}
    for ((i = 0; i < ${#pattern}; i++)); do
      byte=${pattern:i:1}
      case $byte in
        '*') litter+='[^/]*' ;;
        '?') litter+=$'[^/\200-\277][\200-\277]*' ;; # a character of UTF-8
        '^' | \\) litter+=\\$byte ;;
        [!-~]) [[ $byte == [A-Za-z0-9] ]] && litter+=$byte || litter+="[$byte]" ;;
        *) litter+=$byte ;;
      esac
    done
  done
  [[ -z $litter || -n $all ]] || without_litter=(-regextype posix-extended -regex ".*/($litter)" -prune)
}

# Write lines sorted by path to OUTPUT, paths with a line break to OUTPUT.broken, a dot for each litter
# to OUTPUT.litter and, for checksums, the stamps of files to OUTPUT.stamps.
scan_source() { # OUTPUT
  local status=0
  local -a stamps=()
  [[ -z $checksum ]] || stamps=(-type f -fprintf "$1.stamps" '%s/%T@/%C@/%P\n' -false -o)
  : >"$1.litter"
  interruptibly list_named . ${without_litter[@]+"${without_litter[@]}" -fprintf "$1.litter" . -o} \
    \( -path $'*[\n\r]*' -fprint0 "$1.broken" \) -o ${stamps[@]+"${stamps[@]}"} \
    \( -type f ! -readable -printf 'u/%s/%T@/%P\n' \) -o >"$1" 2>"$1.complaints" || status=$?
  if ((status)); then
    cat -- "$1.complaints" >&2
    state_has_room && [[ -s $1.complaints ]] || exit "$status"
    die "Not all of $(shown "$source_folder") could be read: run as root, or fix it."
  fi
  [[ -z $checksum ]] || sort -o "$1.stamps" -- "$1.stamps"
}

# A folder that contains only litter is empty.
list_named() { # FOLDER [EXPRESSION...]
  list "$@" | awk "$split"'
    NF > 4 { filled[substr(path, 1, length(path) - length($NF) - 1)] }
    kind == "d" { folders[path]; next }
    { print }
    END { for (path in folders) print (path in filled ? "d" : "e") "/0/0/" path }' | sort -t/ -k4
}

# Convert lines to the form of the copy in the share: whole seconds, and an empty folder as a folder.
as_copied() {
  awk "$split"'
    kind ~ /[de]/ { print "d/0/0/" path; next }
    { seconds = $3; sub(/[.].*/, "", seconds); print kind "/" size "/" seconds "/" path }' | sort
}

paths() { awk "$split"' { print path }' | sort; }
totals() { awk -F / '/^f/ { files++; bytes += $2 } END { printf "%.0f %.0f\n", files, bytes }' "$1"; } # of the files

# Set path, kind and size. Fields are split fast, a regular expression for each line is slow.
# shellcheck disable=SC2016 # awk's, not the shell's
split='BEGIN { FS = "/" } { path = substr($0, length($1) + length($2) + length($3) + 4); kind = $1; size = $2 }'

utf8='^([\001-\177]|'$multibyte')*$'
control='[\001-\037\177]|\302[\200-\237]'

is_a_name() { printf '%s\n' "$1" | awk "!/$utf8/ || /$control/ || NR > 1 { exit 1 }"; }

# A gateway uploads only the first 5 TB of a file:
# https://docs.aws.amazon.com/filegateway/latest/files3/fgw-quotas.html
largest_file_bytes=5000000000000

# End the job and name everything that cannot be vaulted.
refuse() { # SCAN
  prefix=$SHARE_PREFIX$job_folder/ manifest=$manifest_name largest=$largest_file_bytes awk "$split"'
    function refuse(reason) { print reason "/" path }
    kind == "u" { refuse("it cannot be read"); next }
    kind !~ /[fde]/ { refuse("it is neither a file nor a folder"); next }
    path == ENVIRON["manifest"] { refuse("its name is that of the manifest"); next }
    kind == "f" && size + 0 > ENVIRON["largest"] + 0 { refuse("it is larger than 5 TB, and a gateway uploads only the first 5 TB"); next }
    length(ENVIRON["prefix"]) + length(path) + (kind != "f") > 1024 { refuse("its key would be longer than 1,024 bytes"); next }
    /[\200-\377]/ && path !~ /'"$utf8"'/ { refuse("its name is not UTF-8"); next }
    path ~ /'"$control"'/ { refuse("its name has a control character in it") }' "$1" >"$1.refused"
  if [[ -s $1.refused || -s $1.broken ]]; then
    complain "Nothing was copied, for these cannot be vaulted: rename or remove them, and run again."
    local path quoted
    while IFS= read -r -d '' path; do
      quote "${path#./}" && print "  $quoted: its name has a line break in it"
    done <"$1.broken" >&2
    while IFS= read -r path; do quote "${path#*/}" && print "  $quoted: ${path%%/*}"; done <"$1.refused" >&2
    exit 1
  fi
  ((total_files)) || die "The folder $(shown "$source_folder") holds no file: there is nothing to vault."
}

refuse_all() { # PATHS_FILE REASON
  local path quoted
  complain "$2"
  while IFS= read -r path; do quote "$path" && print "  $quoted"; done <"$1" >&2
  exit 1
}
