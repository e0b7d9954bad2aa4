#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place
load vault

setup() {
  setup_vault
  python=$BATS_TEST_DIRNAME/../../.venv/bin/python
}

note_reads() { stub openssl <<<'[[ $* == *dev/null ]] || echo "$*" >>"$calls"; exec "$real" "$@"'; }

listed() { # that the manifest has the SHA-256 of every file of the source
  exact
  same "$(cd source && find . -type f -exec sha256sum -- {} + | sed 's:^\\\{0,1\}\([0-9a-f]*\)  \./:\1 :; s:\\\\:\\:g' | LC_ALL=C sort -k2)" \
    "$(keys | sed -n 's:^[0-9]* \([0-9a-f]\{64\}\) source-vaultjob/:\1 :p' | LC_ALL=C sort -k2)"
}

@test "a SHA-256 of each file is listed, and - for an empty folder" {
  : >source/nothing
  run vault --checksum sha256
  expect 0 "Computed the sha256 of 3 of 3 files, 8 bytes of 8 bytes" "Vaulted 3 files, 8 bytes"
  same "3 a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3 source-vaultjob/.hidden
5 5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5 source-vaultjob/a folder/file
0 - source-vaultjob/empty
0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 source-vaultjob/nothing" "$(keys)"
  read -r line <"$manifest"
  same "#vault-manifest 2 began=$(began) entries=4 bytes=8 checksum=sha256 sha256=$(keys | sha256sum | cut -d ' ' -f 1)" "$line"
}

@test "a CRC64NVME of each file is listed, by the Python that has awscrt" {
  printf 123456789 >source/check
  head -c 3000000 /dev/zero >source/zeros
  VAULT_PYTHON=$python run vault --checksum crc64nvme
  expect 0 "Computed the crc64nvme of 4 of 4 files"
  same "3 9bd87ccbc9cb28e0 source-vaultjob/.hidden" "$(keys | grep hidden)"
  same "9 ae8b14860a799888 source-vaultjob/check" "$(keys | grep check)" # the CRC's published check value
  same "0 - source-vaultjob/empty" "$(keys | grep empty)"
}

@test "without awscrt or a tool for SHA-256 nothing is copied, and the remedy is named" {
  VAULT_PYTHON=/nowhere/python run vault --checksum crc64nvme
  expect 1 "/nowhere/python cannot compute CRC64NVME" "install" "VAULT_PYTHON" "--checksum sha256"
  stub openssl <<<'exit 1'
  stub sha256sum <<<'exit 1'
  run vault --checksum sha256
  expect 1 "Neither openssl nor sha256sum computes SHA-256"
  same "" "$(ls share)"
}

@test "names that break careless programs have the checksums of their content, by either tool" {
  write_awkward_names
  vault --checksum sha256
  listed
  cp "$manifest" first
  rm "$job"/checksums.*
  stub openssl <<<'echo "openssl: no such digest" >&2; exit 1'
  run vault --checksum sha256
  expect 0 "is vaulted already: 26 files, and none has changed"
  cmp first "$manifest"
}

@test "what has not changed is read once, also for a delivery anew" {
  vault --checksum sha256
  note_reads
  run vault --checksum sha256
  expect 0 "is vaulted already"
  run vault --checksum sha256 --new
  expect 0 "Vaulted 2 files"
  [[ ! -e calls ]]
  printf abc >source/.hidden
  touch -d @1000000000.25 source/.hidden # only its change time differs
  vault --checksum sha256 --new
  same "dgst -sha256 -r ./.hidden" "$(<calls)"
  listed
}

@test "a set without checksums gets them without another copy" {
  vault
  [[ ! -e $job/checksums.sha256 ]]
  stub cp <<<'[[ $1 != -P ]] || exit 1; exec "$real" "$@"'
  run vault --checksum sha256
  expect 0 "Vaulted 2 files"
  listed
}

@test "an interruption loses no checksum, whatever ended it" {
  local signal
  note_reads
  for signal in INT TERM HUP KILL; do
    rm -rf share state calls
    mkdir share
    stub nproc <<<'echo 1'
    stub openssl <<'BODY'
[[ $* != *file ]] || { echo $$ >"$calls"; exec sleep 100; }
exec "$real" "$@"
BODY
    start_vault --checksum sha256
    kill -"$signal" "$(<"$job/lock")"
    wait "$vaulting" || true
    kill "$(<calls)" 2>/dev/null || true
    soon fails fuser -s "$job/lock" 2>/dev/null || sleep 0.5
    [[ ! -e $manifest ]]
    rm calls
    note_reads
    run vault --checksum sha256
    expect 0 "Computed the sha256 of 1 of 1 files" "Vaulted 2 files"
    same "dgst -sha256 -r ./a folder/file" "$(<calls)"
    listed
  done
}

@test "a checksum that a power failure cut short counts for nothing" {
  vault --checksum sha256
  sed -i '$s/.$//' "$job/checksums.sha256"
  truncate -s -1 "$job/checksums.sha256"
  run vault --checksum sha256
  expect 0 "Computed the sha256 of 1 of 1 files" "is vaulted already"
  listed
}

@test "a file that changes while it is read fails the job by name, though its size and time stay" {
  stub openssl <<'BODY'
"$real" "$@" || exit
[[ $* != *.hidden* ]] || { printf abc >.hidden; touch -d @1000000000.25 .hidden; }
BODY
  run vault --checksum sha256
  expect 1 "These changed in the source meanwhile" "  .hidden"
  [[ ! -e $manifest ]]
  unstub openssl
  run vault --checksum sha256 --new
  expect 0
  listed
}

@test "a file that cannot be read to its end fails the job by name, and the others are kept" {
  stub nproc <<<'echo 1'
  stub openssl <<<'[[ $* != *file ]] || { echo "./a folder/file: Input/output error" >&2; exit 1; }; exec "$real" "$@"'
  run vault --checksum sha256
  expect 1 "./a folder/file: Input/output error" "Not every file of the source could be read for its checksum" "run the same command again"
  [[ ! -e $manifest ]]
  note_reads
  vault --checksum sha256
  same "dgst -sha256 -r ./a folder/file" "$(<calls)"
}

@test "the progress counts what was read of a large file" {
  truncate -s 70000000 source/huge
  stub openssl <<<'[[ $* != *huge* ]] || { head -c 20971520 /dev/zero >/dev/null; sleep 1.5; }; exec "$real" "$@"'
  VAULT_PROGRESS_SECONDS=0 run vault --checksum sha256
  expect 0 "Computed the sha256 of 3 of 3 files, 66.7 MiB of 66.7 MiB"
  [[ $output =~ "Computed the sha256 of 2 of 3 files, "[1-9][0-9.]*" MiB of" ]]
  listed
}

@test "names what is misused" {
  run vault --checksum md5
  expect 2 "--checksum must be sha256 or crc64nvme, not 'md5'"
  run vault --checksum sha256 --plain
  expect 2 "--plain lists no checksums"
}
