#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place
load vault

setup() { setup_vault; }

@test "copies everything and lists it, with sizes and sorted by key" {
  run vault
  expect 0 "Vaulted 2 files, 8 bytes, as the set source."
  diff -r --exclude=source.manifest source "$target"
  same "3 source-vaultjob/.hidden
5 source-vaultjob/a folder/file
0 source-vaultjob/empty" "$(keys)"
  read -r line <"$manifest"
  same "#vault-manifest 1 began=$(began) entries=3 bytes=8 sha256=$(keys | sha256sum | cut -d ' ' -f 1)" "$line"
}

@test "a copy has the source's modification time" {
  vault
  same 1000000000 "$(stat -c %Y "$target/.hidden")"
}

@test "the plain manifest lists keys only" {
  vault --plain
  same "source-vaultjob/.hidden
source-vaultjob/a folder/file
source-vaultjob/empty" "$(<"$manifest")"
}

@test "sorts by key, bytewise, whatever the sizes and the locale" {
  mkdir source/b source/b-
  printf 123456789 >source/b/1
  : >source/b-/1
  printf 1 >source/B
  LC_ALL=en_US.UTF-8 vault --plain
  LC_ALL=C sort -c "$manifest"
  vault
  keys | sed 's/^[0-9]* //' | LC_ALL=C sort -c
}

@test "copies names that careless programs mishandle" {
  write_awkward_names
  run vault
  expect 0
  diff -r --exclude=source.manifest source "$target"
  same 27 "$(keys | wc -l)"
}

@test "refuses everything that cannot be vaulted, by name, before anything is copied" {
  touch source/$'line\nfeed' source/$'carriage\rreturn' source/$'\xff' source/source.manifest
  touch source/$'tab\t' source/$'delete\177' source/$'next line \302\205'
  touch source/$'surrogate \xed\xa0\x80' source/$'beyond \xf4\x90\x80\x80' source/$'overlong \xc0\x80' source/$'cut \xe2\x82'
  ln -s file source/link
  mkfifo source/pipe
  run vault
  expect 1 "Nothing was copied" \
    "\$'line\\nfeed': its name has a line break" \
    "\$'carriage\\rreturn': its name has a line break" \
    "\$'\\377': its name is not UTF-8" \
    "surrogate \\355\\240\\200': its name is not UTF-8" \
    "beyond \\364\\220\\200\\200': its name is not UTF-8" \
    "overlong \\300\\200': its name is not UTF-8" \
    "cut \\342\\202': its name is not UTF-8" \
    "source.manifest: its name is that of the manifest" \
    "link: it is neither a file nor a folder" \
    "pipe: it is neither a file nor a folder" \
    "\$'tab\\t': its name has a control character in it" \
    "\$'delete\\177': its name has a control character in it" \
    "next line \\302\\205': its name has a control character in it"
  same 14 "${#lines[@]}"
  same "" "$(ls share)"
  [[ ! -e $job/began ]]
}

@test "files below a folder with a line break are refused as well" {
  mkdir source/$'a\nf' && touch source/$'a\nf'/x
  run vault
  expect 1 "\$'a\\nf/x': its name has a line break"
}

@test "messages show printable names as they are, and control characters as numbers" {
  touch "source/l'été 日本"
  run vault --set '資料'
  expect 0 "files to '$PWD/share/資料-vaultjob'"
  rm "source/l'été 日本"
  run vault --set '資料'
  expect 1 "  'l'\\''été 日本'"
  touch $'source/é\t' $'source/\302\205'
  run vault
  expect 1 "  $'\\303\\251\\t': its name has a control" "  $'\\302\\205': its name has a control"
}

@test "accepts keys of at most 1,024 bytes, including a folder's slash" {
  local part path
  part=$(printf 'x%.0s' {1..200})
  path=$part/$part/$part/$part
  mkdir -p "source/$path"
  # source-vaultjob/ has 16 bytes, the path and its slash 804
  touch "source/$path/$(printf 'f%.0s' {1..204})"
  mkdir "source/$path/$(printf 'd%.0s' {1..203})"
  vault
  touch "source/$path/$(printf 'f%.0s' {1..205})"
  mkdir "source/$path/$(printf 'd%.0s' {1..204})"
  run vault
  expect 1 "ffff: its key would be longer than 1,024 bytes" "dddd: its key would be longer than 1,024 bytes"
  same 3 "${#lines[@]}"
}

@test "many files with long paths are more than one argument of a command" {
  local folder
  folder=source/$(printf '%0200d/' 1 2 3)
  mkdir -p "$folder"
  (cd "$folder" && seq -f '%0250.0f' 1200 | xargs touch)
  run vault --jobs 1
  expect 0 "Vaulted 1202 files"
  exact
}

@test "a manifest's name in a subfolder is data" {
  touch 'source/a folder/source.manifest'
  run vault
  expect 0 "Vaulted 3 files"
}

@test "refuses a source without files, or one that does not exist" {
  mkdir -p hollow/folder
  run vault --source hollow
  expect 1 "holds no file"
  run vault --source nowhere
  expect 1 "There is no folder nowhere"
}

@test "refuses a text that cannot be a set id" {
  local id
  for id in a/b . .. $'a\tb' $'a\nb' $'\xff' "$(printf 'x%.0s' {1..247})"; do
    run vault --set "$id"
    expect 1 "cannot be a set id"
  done
  run vault --set ''
  expect 2 "--set needs an id"
  run vault --source /
  expect 1 "cannot be a set id"
}

@test "uses the given id, suffixes and share" {
  printf 'JOB_DIR_SUFFIX=-job\nMANIFEST_SUFFIX=.list\nMOUNT_POINT=%s\n' "$PWD/share" >client.conf
  "$scripts/vault-data.sh" --source source --set '-my "set"' --unmounted --plain
  same '-my "set"-job/.hidden' "$(head -n 1 'share/-my "set"-job/-my "set".list')"
}

@test "refuses a share inside the source" {
  mkdir source/share
  run vault --share source/share
  expect 1 "contains the other"
}

@test "a finished job copies nothing again" {
  vault
  stub cp <<<'exit 1'
  run vault
  expect 0 "is vaulted already: 2 files, and none has changed"
}

@test "copies only changed files, and keeps the time of the first run" {
  vault
  local began=$(($(began) - 1000))
  begin_at "$began"
  printf changed >source/.hidden
  stub cp <<<'echo "$*" >>"$calls"; exec "$real" "$@"'
  run vault
  expect 0 "Copying 1 of 2 files"
  same "changed" "$(<"$target/.hidden")"
  fails grep 'a folder' calls
  [[ $(<"$manifest") == "#vault-manifest 1 began=$began entries=3 bytes=12 "* ]]
}

@test "a truncated copy is copied again" {
  vault
  rm "$manifest"
  printf 12 >"$target/a folder/file"
  touch -r 'source/a folder/file' "$target/a folder/file"
  printf 12345 >"$target/.hidden" # complete, but its time was never set
  run vault
  expect 0 "Copying 2 of 2 files"
  cmp source/.hidden "$target/.hidden"
  cmp "source/a folder/file" "$target/a folder/file"
}

@test "a failed copy fails the job by name, and the next run copies only that file" {
  stub cp <<'BODY'
for name; do [[ $name != *.hidden ]] || { echo "cp: no room for $name" >&2 && exit 1; }; done
exec "$real" "$@"
BODY
  run vault
  expect 1 "no room for ./.hidden" "These are not in the share as they are in the source" "  .hidden" "run the same command again"
  [[ ! -e $manifest ]]
  began=$(began)
  unstub cp
  run vault
  expect 0 "Copying 1 of 2 files"
  same "$began" "$(began)"
}

@test "a copy that reports a failure fails the job, even if all files seem complete" {
  stub cp <<<'"$real" "$@"; [[ $1 != -P ]]'
  run vault
  expect 1 "These are not in the share as they are in the source" "  .hidden" "  a\\ folder/file"
  [[ ! -e $manifest ]]
}

@test "a file that is lost in the share fails the job by name" {
  stub cp <<<'"$real" "$@"; [[ $1 != -P ]] || rm -f "$target/.hidden"'
  run vault
  expect 1 "These are not in the share" "  .hidden"
  [[ ! -e $manifest ]]
}

@test "a file that changes in the source during the job fails it by name" {
  stub cp <<<'"$real" "$@"; [[ $1 != -P ]] || echo more >>".hidden"'
  run vault
  expect 1 "These changed in the source meanwhile" "  .hidden"
  [[ ! -e $manifest ]]
}

@test "a file that appears or disappears in the source during the job fails it by name" {
  stub cp <<<'"$real" "$@"; [[ $1 != -P ]] || { rm -f .hidden && touch new; }'
  run vault
  expect 1 "These changed in the source meanwhile" "  .hidden" "  new"
}

@test "files in the share that are not in the source are reported before anything is copied" {
  mkdir -p "$target"
  touch "$target/old file"
  run vault
  expect 1 "but not in the source" "  old\\ file" "another id with --set"
  same "old file" "$(ls "$target")"
}

@test "a partial manifest does not stay in the share" {
  stub mv <<<'[[ $* != *source.manifest ]] || { head -c 20 "$4" >"$5"; echo "mv: no room" >&2; exit 1; }; exec "$real" "$@"'
  run vault
  expect 1 "no room" "The manifest could not be put"
  [[ ! -e $manifest ]]
  unstub mv
  run vault
  expect 0 "Vaulted 2 files"
}

@test "the manifest is moved in after everything else" {
  stub mv <<<'[[ $* != *source.manifest ]] || (cd "${5%/*}" && find . -type f | sort >"$calls"); exec "$real" "$@"'
  vault
  same "./.hidden
./a folder/file" "$(<calls)"
}

@test "prints its usage, and names the wrong option" {
  run "$scripts/vault-data.sh" --help
  expect 0 "Usage: vault-data.sh --source DIR" "--unmounted"
  run "$scripts/vault-data.sh"
  expect 2 "--source is missing"
  run vault --sauce x
  expect 2 "There is no option '--sauce'"
  run vault --jobs 0
  expect 2 "--jobs must be a whole number from 1 on"
  run vault --set
  expect 2 "--set needs a value"
}
