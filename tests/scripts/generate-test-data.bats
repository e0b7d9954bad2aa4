#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place

setup() { setup_place; }

generate() { "$scripts/generate-test-data.sh" --folder data "$@"; }

facts() { # files, bytes, least, most
  find data -type f -printf '%s\n' | sort -n | awk 'NR == 1 { least = $1 } { n++; sum += $1; most = $1 } END { print n, sum, least, most }'
}

@test "counts and totals are exact, and every size is between min and max" {
  run generate --count 137 --total 1000003 --min 7000 --max 7500
  expect 0 "holds 137 files, 976.5 KiB."
  read -r files bytes least most < <(facts)
  same "137 1000003" "$files $bytes"
  ((least >= 7000 && most <= 7500))
}

@test "sizes are exact even if there is only one solution" {
  generate --count 10 --total 100 --min 10
  same "10 100 10 10" "$(facts)"
}

@test "a file that must be larger than the mean is found" {
  generate --count 3 --total 29 --max 10
  read -r files bytes _ most < <(facts)
  same "3 29" "$files $bytes"
  ((most <= 10))
}

@test "without a total every size is drawn between min and max" {
  generate --count 50 --min 1KiB --max 2KiB
  read -r files _ least most < <(facts)
  same 50 "$files"
  ((least >= 1024 && most <= 2048 && most > least))
}

@test "sizes differ, contents too" {
  generate --count 20 --total 100kB
  (($(find data -type f -printf '%s\n' | sort -u | wc -l) > 10))
  same 20 "$(find data -type f -exec sha256sum {} + | cut -d ' ' -f 1 | sort -u | wc -l)"
}

@test "messages show the folder as a shell takes it" {
  run "$scripts/generate-test-data.sh" --folder 'Zürich été' --count 1
  expect 0 "'$PWD/Zürich été' holds 1 files"
}

@test "accepts units" {
  generate --count 2 --total '3 MiB'
  read -r _ bytes _ _ < <(facts)
  same $((3 << 20)) "$bytes"
}

@test "a file larger than a block of contents is complete" {
  generate --count 1 --total 200001
  same "1 200001 200001 200001" "$(facts)"
}

@test "the same seed makes the same, another seed another" {
  generate --count 30 --total 100kB --seed 5 --jobs 1
  "$scripts/generate-test-data.sh" --folder same --count 30 --total 100kB --seed 5 --jobs 7
  "$scripts/generate-test-data.sh" --folder other --count 30 --total 100kB --seed 6
  diff -r data same
  fails diff -rq data other
}

@test "no folder has over 10,000 files" {
  generate --count 2500 --total 2500 --min 1
  same 1000 "$(find data -type f -printf '%h\n' | sort | uniq -c | sort -n | tail -n 1 | awk '{ print $1 }')"
}

@test "refuses what is impossible, with the numbers" {
  run generate --count 10 --total 100 --min 11
  expect 1 "10 files of 11 to 100 bytes cannot add up to 100: the mean would be 10.00"
  run generate --count 10 --total 101 --max 10
  expect 1 "10 files of 0 to 10 bytes cannot add up to 101: the mean would be 10.10"
  run generate --count 1 --min 2 --max 1
  expect 1 "2 bytes at least and 1 at most"
  run generate --count 2000000000
  expect 1 "more than the 1000000000"
  run generate --count 10 --total 9000TiB
  expect 1 "more than"
  fails test -e data
}

@test "misuse is reported by name" {
  run generate
  expect 2 "--count is missing"
  run generate --count none
  expect 2 "--count must be a whole number"
  run generate --count 1 --total 12XB
  expect 2 "--total must be a size such as" "12XB"
  run "$scripts/generate-test-data.sh" --help
  expect 0 "Usage: generate-test-data.sh"
}

@test "run again, it writes what is missing or cut, and nothing else" {
  generate --count 30 --total 100kB
  cp -r data whole
  rm data/000/000/000000003.dat
  truncate -s -1 data/000/000/000000004.dat
  touch -d @1 data/000/000/000000005.dat
  run generate --count 30 --total 100kB
  expect 0
  diff -r data whole
  same 1 "$(stat -c %Y data/000/000/000000005.dat)"
}

@test "an interruption is reported, and the next run continues" {
  stub xargs <<<'[[ $* != *awk* ]] || { echo $$ >"$calls" && exec sleep 100; }; exec "$real" "$@"'
  set -m
  generate --count 30 --total 100kB >log 2>&1 3>&- &
  job=$!
  set +m
  soon test -s calls
  kill -INT -- "-$job"
  wait "$job" || status=$?
  same 130 "$status"
  grep "Interrupted. Run the same command again" log
  soon fails kill -0 "$(<calls)"
  unstub xargs
  run generate --count 30 --total 100kB
  expect 0
}

@test "other files in the folder are reported and not changed" {
  mkdir data
  echo mine >'data/my file'
  run generate --count 3 --total 100
  expect 1 "holds something else, such as my\\ file" "--folder"
  same "my file" "$(ls data)"
  rm 'data/my file' && generate --count 3 --total 100
  run generate --count 3 --total 90
  expect 1 "holds something else"
  same "3 100" "$(facts | cut -d ' ' -f 1-2)"
}

@test "a write that fails is reported" {
  mkdir -p data/000/000/000000001.dat
  run generate --count 3 --total 100
  expect 1 "1 files could not be written"
}
