# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# A source of two files and an empty folder, an ordinary folder as its share, and the job's state.

setup_vault() {
  setup_place
  mkdir source share
  mkdir 'source/a folder' source/empty
  printf 12345 >'source/a folder/file'
  printf 123 >source/.hidden
  touch -d @1000000000.25 source/.hidden
  target=share/source-vaultjob
  manifest=$target/source.manifest
  job=$(job_of "$PWD/share" source)
}

vault() { "$scripts/vault-data.sh" --source source --share share --unmounted --jobs 2 "$@"; }

keys() { sed 1d "$manifest"; }

job_of() { # SHARE SET
  local digest
  digest=$(printf %s "$1" | sha256sum)
  printf %s "$VAULT_STATE_FOLDER/shares/${digest:0:16}/$2"
}

began() { cut -d ' ' -f 1 "$job/began"; }

begin_at() { # SECONDS: as if the delivery had begun then
  local now
  now=$(began)
  sed -i "s/^$now/$1/" "$job/began"
  [[ ! -e $job/journal.$now ]] || mv "$job/journal.$now" "$job/journal.$1"
  [[ ! -e $manifest ]] || sed -i "1s/ began=$now / began=$1 /" "$manifest"
}

write_awkward_names() { # files and folders whose names careless programs mishandle
  local name
  for name in '-rf' "it's" '"quoted"' 'back\slash' '100%s' '  two spaces ' $'line\u2028separator' '😀' '*' '$HOME' '\n' 'é'; do
    printf %s "$name" >"source/$name"
    mkdir -p -- "source/folder of $name/$name"
    printf %s "$name" >"source/folder of $name/$name/$name"
  done
}

exact() { # that the share holds the source, and the manifest what it holds
  diff -r --exclude=source.manifest source "$target"
  same "$(sed -n '1s/.* began=\([0-9]*\) .*/\1/p' "$manifest")" "$(began)"
  same "$(sed -n '1s/.* sha256=//p' "$manifest")" "$(keys | sha256sum | cut -d ' ' -f 1)"
}

start_vault() { # [OPTION...]: in the background, with signals as in a terminal, until a stub has made a note
  set -m
  vault "$@" >log 2>&1 3>&- &
  vaulting=$!
  set +m
  soon test -s calls
}

begin_slow_vault() { # [OPTION...]: a copy that never ends
  stub cp <<'BODY'
for name; do [[ $name != *file ]] || { echo $$ >"$calls" && exec sleep 100; }; done
exec "$real" "$@"
BODY
  rm -f calls
  start_vault "$@"
}

end_vault() { # SIGNAL [JOB]
  kill -"$1" "$(<"${2:-$job}/lock")"
  status=0
  wait "$vaulting" || status=$?
  unstub cp
}
