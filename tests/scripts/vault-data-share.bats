#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place
load vault

setup() {
  setup_vault
  export VAULT_MOUNTS=$PWD/mounts VAULT_ANSWER_SECONDS=1
  printf 'sysfs /sys sysfs rw 0 0\n' >mounts
  mkdir elsewhere
  printf secret >elsewhere/secret
}

mounted_vault() { "$scripts/vault-data.sh" --source source --share share "$@"; }

mount_share() { # [SOURCE]: as the kernel lists it
  local place=$PWD/share
  printf '%s %s nfs4 rw 0 0\n' "${1:-192.168.1.10:/vaultdata}" "${place// /\\040}" >>mounts
}

@test "a share that is not mounted is refused, unless it is an ordinary folder" {
  run mounted_vault
  expect 1 "Nothing is mounted at" "run mount-share.sh"
  same "" "$(ls share)"
  run vault
  expect 0 "Vaulted 2 files"
}

@test "a mounted share is found in the kernel's list, in any spelling of its path" {
  local path
  mount_share
  ln -s share link
  for path in share ./share// "$PWD/./share" link; do
    run mounted_vault --share "$path"
    expect 0 "set source"
  done
  mkdir "with space"
  printf '192.168.1.10:/other %s\\040space nfs4 rw 0 0\n' "$PWD/with" >>mounts
  run mounted_vault --share "with space"
  expect 0 "Vaulted 2 files"
}

@test "the state belongs to what is mounted, not to the place where it is" {
  mount_share
  mounted_vault --jobs 2
  rm -r "$target"
  mount_share 192.168.1.11:/another
  run mounted_vault
  expect 0 "Vaulted 2 files"
  [[ -e $(job_of 192.168.1.10:/vaultdata source)/began ]]
  [[ -e $(job_of 192.168.1.11:/another source)/began ]]
}

@test "a share that hangs is reported within seconds, with the remedy" {
  mount_share
  stub stat <<<'[[ $1 != -f ]] || exec sleep 5; exec "$real" "$@"'
  SECONDS=0
  run mounted_vault
  expect 1 "192.168.1.10:/vaultdata, mounted at $PWD/share, does not answer within 1 seconds" "umount -f -l $PWD/share"
  ((SECONDS < 4))
}

@test "a share that is stale is reported with the remedy" {
  mount_share
  stub stat <<<'echo "stat: cannot read file system information for '\''share'\'': Stale file handle" >&2; exit 1'
  run mounted_vault
  expect 1 "mounted at $PWD/share, is stale" "umount -f -l $PWD/share"
}

@test "a share that is unmounted during the job fails it by name" {
  mount_share
  stub cp <<<'[[ $1 != -P ]] || echo >"$VAULT_MOUNTS"; exec "$real" "$@"'
  run mounted_vault
  expect 1 "192.168.1.10:/vaultdata is not mounted at $PWD/share any more"
  [[ ! -e $manifest ]]
}

@test "a link in the share is never written through" {
  mkdir -p "$target"
  ln -s "$PWD/elsewhere/secret" "$target/.hidden"
  run vault
  expect 1 "neither files nor folders in $PWD/share/source-vaultjob" "  .hidden"
  rm "$target/.hidden"
  ln -s "$PWD/elsewhere" "$target/a folder"
  run vault
  expect 1 "neither files nor folders" "  a\\ folder"
  rm -r "$target"
  ln -s "$PWD/elsewhere" "$target"
  run vault
  expect 1 "source-vaultjob is a link"
  rm "$target"
  mkdir "$target"
  ln -s "$PWD/elsewhere/secret" "$manifest"
  run vault
  expect 1 "  source.manifest"
  same secret "$(<elsewhere/secret)"
  same secret "$(ls elsewhere)"
}

@test "a link that appears in the share while the job runs is not written through" {
  touch source/été
  stub mkdir <<<'"$real" "$@"; [[ $* != *vaultjob* ]] || ln -s "'"$PWD"'/elsewhere/secret" "$target/été"'
  run vault
  expect 1 "'été' has become a link"
  same secret "$(<elsewhere/secret)"
  [[ ! -e $manifest ]]
}

@test "a listed file or folder that becomes a link is not followed" {
  stub mkdir <<<'"$real" "$@"; [[ $* != *vaultjob* ]] || { rm .hidden; ln -s "'"$PWD"'/elsewhere/secret" .hidden; }'
  run vault
  expect 1 "These changed in the source meanwhile" "  .hidden"
  fails grep -rq secret share
  rm -r source/.hidden state share
  mkdir share
  stub mkdir <<<'"$real" "$@"; [[ $* != *vaultjob* ]] || { mv "a folder" gone; ln -s "'"$PWD"'/elsewhere" "a folder"; echo 12345 >"'"$PWD"'/elsewhere/file"; }' # pragma: allowlist secret
  run vault
  expect 1 "a\\ folder has become a link"
  [[ ! -e $manifest ]]
}

@test "a file over 5 TB is refused before anything is copied" {
  truncate -s 5000000000001 source/huge || skip "this file system holds no such file"
  run vault
  expect 1 "Nothing was copied" "huge: it is larger than 5 TB"
  same "" "$(ls share)"
}

@test "keys count with the prefix of the share" {
  local part path prefix
  part=$(printf 'x%.0s' {1..200})
  path=$part/$part/$part/$part
  mkdir -p "source/$path"
  touch "source/$path/$(printf 'f%.0s' {1..196})" # 1,016 bytes with source-vaultjob/
  for prefix in 1234567 1234567/; do
    printf 'SHARE_PREFIX=%s\n' "$prefix" >client.conf
    run vault
    expect 0
  done
  printf 'SHARE_PREFIX=12345678\n' >client.conf
  run vault
  expect 1 "fff: its key would be longer than 1,024 bytes"
}

litter() { # FOLDER
  mkdir -p "$1/.Trashes/501" "$1/office"
  touch "$1/.DS_Store" "$1/.nfs0001" "$1/._resource" "$1/.Trashes/501/old" "$1/office/~\$report.docx" "$1/office/.~lock.a.odt#"
}

@test "ignored names are neither copied nor listed, but counted; --all includes them" {
  litter source
  touch source/office/thumbs.db source/DS_Store 'source/office/x$report.docx'
  run vault
  expect 0 "Vaulted 5 files" "6 files with ignored names were left out (--all includes them)"
  same "3 source-vaultjob/.hidden
0 source-vaultjob/DS_Store
5 source-vaultjob/a folder/file
0 source-vaultjob/empty
0 source-vaultjob/office/thumbs.db
0 source-vaultjob/office/x\$report.docx" "$(keys)"
  fails diff -r --exclude=source.manifest source "$target"
  run vault
  expect 0 "vaulted already" "6 files with ignored names"
  run vault --all
  expect 0 "Vaulted 11 files"
  exact
}

@test "a folder with only ignored names in it is an empty folder" {
  touch source/empty/.DS_Store
  vault
  keys | grep -x "0 source-vaultjob/empty"
  keys >before
  rm source/empty/.DS_Store
  run vault
  expect 0 "vaulted already"
}

@test "ignored files that appear or disappear during the job do not fail it" {
  touch 'source/a folder/.~lock.file#'
  stub cp <<<'"$real" "$@"; [[ $1 != -P ]] || { rm -f "a folder/.~lock.file#"; touch .file.swp "empty/~\$new"; }'
  run vault
  expect 0 "Vaulted 2 files"
  [[ -e source/empty/~\$new && ! -e $target/empty/~\$new ]]
}

@test "ignored files in the share are not changed, and no reason to refuse" {
  mkdir source/office
  vault
  litter "$target"
  ln -s nowhere "$target/.nfs0002"
  printf more >>source/.hidden
  run vault
  expect 0 "Vaulted 2 files"
  [[ -e $target/.Trashes/501/old && -L $target/.nfs0002 ]]
  run vault --all
  expect 0 "vaulted already"
}

@test "the patterns are those of client.conf: only * and ? are wildcards, and case matters" {
  printf 'IGNORE_UNEXPECTED_NAMES=*.tmp/a?c/[x]/b\\y/(z)+/\r\n' >client.conf
  touch source/1.tmp source/1.TMP source/abc source/aéc source/ac source/abbc 'source/[x]' source/x 'source/b\y' source/by 'source/(z)+' source/z source/.DS_Store
  run vault
  expect 0 "6 files with ignored names"
  same "1.TMP abbc ac by x z" "$(cd "$target" && printf '%s ' 1* abbc [a-z][a-z] [a-z] | sed 's/ $//')"
  printf 'IGNORE_UNEXPECTED_NAMES=\n' >client.conf
  run vault --new
  expect 0 "Vaulted 15 files, "
  [[ $output != *"left out"* ]]
}
