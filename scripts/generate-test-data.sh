#!/usr/bin/env bash
# Write files of random sizes that add up exactly.
#
# Usage: generate-test-data.sh --folder DIR --count N [options]
#   --folder DIR   the folder for the files: new, empty, or begun by this command with the same options
#   --count N      the number of files
#   --total SIZE   the sum of their sizes
#   --min SIZE     the smallest size of a file (0)
#   --max SIZE     the largest size of a file; without it and --total: 64KiB
#   --seed N       the seed of sizes and contents (0)
#   --jobs N       files written at a time (4)
#
# SIZE is in bytes, or in B, kB, MB, GB, TB, KiB, MiB, GiB or TiB. The same options make the same
# files. After an interruption, run it again: it writes the missing files.
# Exit status: 0 written; 1 refused or failed; 2 misused; 129, 130, 143 ended by HUP, INT, TERM.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=scripts/progress.sh
. "$(dirname "$(readlink -f "$0")")/progress.sh"

main() {
  read_options "$@"
  stop_at_signals "Run the same command again: it writes what is not there yet."
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  readably mkdir -p -- "$folder" || die "The folder $(shown "$folder") cannot be made: name another with --folder."
  cd -P -- "$folder"
  plan | sort >"$work/plan"
  total=$(awk -F / '{ n += $2 } END { printf "%.0f", n }' "$work/plan")
  find_todo
  [[ ! -s $work/todo ]] || write
  find_todo
  [[ ! -s $work/todo ]] || die "$(wc -l <"$work/todo") files could not be written: fix the cause and run the same command again."
  print "$(shown "$PWD") holds $count files, $(shown_bytes "$total")."
}

most_files=1000000000
most_bytes=$((1 << 52)) # awk's integers are exact up to here

read_options() {
  folder='' count='' total='' min=0 max='' seed=0 jobs=4
  while (($#)); do
    [[ $1 != --help ]] || show_help
    require_value "$@"
    case $1 in
      --folder) folder=$2 ;;
      --count | --jobs) require_whole_number "$1" "$2" 1 && printf -v "${1#--}" %s "$2" ;;
      --seed) require_whole_number "$1" "$2" 0 && seed=$2 ;;
      --total | --min | --max) read_size "$1" "$2" ;;
      *) misused "There is no option '$1'." ;;
    esac
    shift 2
  done
  [[ -n $folder ]] || misused "--folder is missing: name the folder for the files."
  [[ -n $count ]] || misused "--count is missing: give the number of files."
  require_possible
}

read_size() { # OPTION SIZE: set the option's variable
  [[ $2 =~ ^(0|[1-9][0-9]{0,15})\ ?(|B|[kKMGT]B|[KMGT]iB)$ ]] ||
    misused "$1 must be a size such as 4096, 64KiB or 10GB, not '$2'."
  local scale=1 number=${BASH_REMATCH[1]}
  case ${BASH_REMATCH[2]} in
    ?B) scale=1000 ;;
    ?iB) scale=1024 ;;
  esac
  case ${BASH_REMATCH[2]} in
    M*) scale=$((scale ** 2)) ;;
    G*) scale=$((scale ** 3)) ;;
    T*) scale=$((scale ** 4)) ;;
  esac
  ((number <= most_bytes / scale)) || die "$1 $2 is more than the $most_bytes bytes that can be counted: ask for less."
  printf -v "${1#--}" %s $((number * scale))
}

require_possible() {
  max=${max:-${total:-$((min > 65536 ? min : 65536))}}
  ((count <= most_files)) || die "$count files are more than the $most_files that can be named: ask for less."
  if [[ -z $total ]]; then
    ((min <= max)) || die "No file can have $min bytes at least and $max at most: raise --max or lower --min."
    ((max <= most_bytes / count)) || die "$count files of $max bytes may be more than the $most_bytes bytes that can be counted: ask for less."
  elif ((min > total / count || max < (total + count - 1) / count)); then
    die "$count files of $min to $max bytes cannot add up to $total: the mean would be $(awk "BEGIN { printf \"%.2f\", $total / $count }")."
  fi
}

# Draw each size uniformly around the mean of the rest, within --min and --max; a folder has a thousand
# files. The script has its own random generator, because each awk has a different one.
random='function random() { state = state * 16807 % 2147483647; return state / 2147483647 }'
plan() {
  awk -v count="$count" -v total="$total" -v min="$min" -v max="$max" -v seed="$seed" "$random"'
    BEGIN {
      state = seed % 2147483646 + 1
      for (i = 0; i < 10; i++) random()
      for (i = 0; i < count; i++) {
        if (total == "") {
          size = min + int(random() * (max - min + 1))
        } else {
          others = count - i - 1
          mean = total / (others + 1)
          spread = mean - min < max - mean ? mean - min : max - mean
          size = int(mean + (2 * random() - 1) * spread + 0.5)
          least = total - max * others; if (least < min) least = min
          most = total - min * others; if (most > max) most = max
          size = size < least ? least : size > most ? most : size
          total -= size
        }
        printf "f/%.0f/0/%03d/%03d/%09d.dat\n", size, i / 1000000, i / 1000 % 1000, i
      }
    }'
}

# A file that is shorter than planned was interrupted; any other existing file stays.
find_todo() {
  find . -mindepth 1 ! -type d -printf '%y/%s/0/%P\n' | sort >"$work/have"
  comm -23 "$work/plan" "$work/have" >"$work/todo"
  comm -13 "$work/plan" "$work/have" >"$work/other"
  awk -F / '{ path = $0; sub(/^[^\/]*\/[^\/]*\/[^\/]*\//, "", path) }
    NR == FNR { planned[path] = $2; next }
    !/^f/ || !(path in planned) || $2 > planned[path] { print path; exit }' \
    "$work/todo" "$work/other" >"$work/surplus"
  [[ ! -s $work/surplus ]] ||
    die "The folder $(shown "$PWD") holds something else, such as $(shown "$(<"$work/surplus")"): name a new folder with --folder."
}

write() {
  local files_left bytes_left batch
  files_left=$(wc -l <"$work/todo") bytes_left=$(awk -F / '{ n += $2 } END { printf "%.0f", n }' "$work/todo")
  sed 's:^[^/]*/[^/]*/[^/]*/::; s:/[^/]*$::' "$work/todo" | sort -u | xargs mkdir -p --
  batch=$((files_left / (jobs * 4) + 1))
  work_with_progress Written "$work/progress" $((count - files_left)) $((total - bytes_left)) "$count" "$total" \
    write_batches $((batch < 100 ? batch : 100)) || complain "Not everything could be written."
}

write_batches() { # FILES_A_BATCH
  export seed progress=$work/progress
  # shellcheck disable=SC2016 # awk's, not the shell's
  tr '\n' '\0' <"$work/todo" | xargs -0 -n "$1" -P "$jobs" awk "$random"'
    BEGIN {
      ORS = ""
      state = ENVIRON["seed"] % 2147483646 + 1
      letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      for (i = 0; i < 128; i++) {
        piece = ""
        for (j = 0; j < 128; j++) piece = piece substr(letters, 1 + int(random() * 64), 1)
        block = block piece
      }
      block = block block
      for (i = 1; i < ARGC; i++) {
        split(ARGV[i], field, "/")
        path = field[4] "/" field[5] "/" field[6]
        start = (field[6] + 0) * 7919 % 16384
        print "" >path
        reported = 0
        for (left = field[2]; left > 0; left -= 16384) {
          print substr(block, start + 1, left < 16384 ? left : 16384) >path
          if (left % 67108864 < 16384 && left > 67108864) {
            print "0 67108864\n" >>ENVIRON["progress"]
            fflush(ENVIRON["progress"])
            reported += 67108864
          }
        }
        if (close(path)) exit 1
        printf "1 %.0f\n", field[2] - reported >>ENVIRON["progress"]
      }
    }'
}

main "$@"
