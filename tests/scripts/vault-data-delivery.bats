#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # stubs are text; bats sets output and status

load place
load vault

setup() { setup_vault; }

@test "a set without state on this machine is refused, and delivered again with --new" {
  vault
  rm -r state
  run vault
  expect 1 "this machine has no state of a job" "--new"
  run vault --new
  expect 0 "Copying 2 of 2 files"
  exact
}

@test "--new copies everything again, also empty folders, with a new time" {
  vault
  begin_at 1000
  stub mkdir <<<'echo "$*" >>"$calls"; exec "$real" "$@"'
  run vault --new
  expect 0 "Copying 2 of 2 files"
  (($(began) > 1000))
  exact
  grep empty calls
  run vault
  expect 0 "vaulted already"
}

@test "--new twice within a second is two deliveries" {
  vault
  local now first
  now=$(date +%s) first=$(began)
  stub date <<<"if [[ \$1 == +%s ]]; then echo $first; else exec \"\$real\" \"\$@\"; fi"
  run vault --new
  expect 0 "Copying 2 of 2 files"
  same $((first + 1)) "$(began)"
  ((now < first + 100))
}

@test "a failed new delivery continues with the files that it has not copied" {
  vault
  stub cp <<'BODY'
for name; do [[ $name != *file ]] || exit 1; done
exec "$real" "$@"
BODY
  run vault --new
  expect 1 "  a\\ folder/file"
  local began
  began=$(began)
  unstub cp
  run vault
  expect 0 "Copying 1 of 2 files"
  same "$began" "$(began)"
  exact
}

@test "an interrupted --new is resumed by the same command, and the next --new is another delivery" {
  vault
  begin_at 1000
  begin_slow_vault --new
  soon cmp source/.hidden "$target/.hidden"
  soon test -s "$job/journal.$(began)"
  soon grep -q '^+f/3/' "$job/journal.$(began)"
  end_vault INT
  local began
  began=$(began)
  ((began > 1000))
  run vault --new
  expect 0 "Continuing the delivery that --new began" "Copying 1 of 2 files"
  same "$began" "$(began)"
  exact
  run vault --new
  expect 0 "Copying 2 of 2 files"
  (($(began) > began))
}

@test "an interrupted --new of a set that was never vaulted is resumed by the same command" {
  begin_slow_vault --new
  soon grep -q '^+f/3/' "$job/journal.$(began)"
  end_vault TERM
  same 143 "$status"
  run vault --new
  expect 0 "Copying 1 of 2 files"
  exact
}

@test "--new that was interrupted while it listed the share has not begun" {
  local began=$(($(date +%s) - 1000))
  vault
  begin_at "$began"
  stub find <<'BODY'
echo find >>"$calls"
(($(grep -c . "$calls") < 3)) || exec sleep 100
exec "$real" "$@"
BODY
  start_vault --new --plain
  soon grep -qz 'find.*find.*find' calls
  kill -INT "$(<"$job/lock")"
  wait "$vaulting" || status=$?
  same 130 "$status"
  unstub find
  run vault
  expect 0 "Copying 0 of 2 files" # a folder
  same "$began" "$(began)"
  exact
}

@test "a new delivery uploads a plain manifest again, even if it is the same" {
  vault --plain
  stub mv <<<'[[ $* != *source.manifest ]] || { kill -KILL $PPID; exit 1; }; exec "$real" "$@"'
  run vault --plain --new
  unstub mv
  run vault --plain
  expect 0 "Vaulted 2 files"
}

@test "one set id in two shares is two jobs" {
  mkdir other
  vault
  begin_at $(($(date +%s) - 1000))
  local first
  first=$(<"$manifest")
  run vault --share other
  expect 0 "Copying 2 of 2 files"
  same "$first" "$(<"$manifest")"
  [[ $(head -n 1 other/source-vaultjob/source.manifest) != *" began=$(began) "* ]]
  printf more >>'source/a folder/file'
  vault
  begin_slow_vault --share other
  run vault # neither locked nor changed by the other job
  expect 0 "is vaulted already"
  end_vault INT "$(job_of "$PWD/other" source)"
  exact
}

@test "state of an earlier release, without the share, is refused with the remedy" {
  vault
  mkdir -p state/jobs
  mv "$job" state/jobs/source
  run vault
  expect 1 "state/jobs/source is the state of an earlier release, which did not record the share" "--new"
  run vault --new
  expect 0 "Copying 2 of 2 files"
}

@test "only its owner can read the state" {
  umask 022
  mkdir state
  vault
  same 700 "$(stat -c %a state/shares)"
  same 755 "$(stat -c %a "$target")"
}

@test "a job whose events have expired is resumed with --new only" {
  printf 'EXPIRY_DAYS=15\r\n' >client.conf
  begin_slow_vault
  end_vault HUP
  same 129 "$status"
  begin_at $(($(date +%s) - 15 * 86400 - 60))
  run vault
  expect 1 "began on" "more than 15 days (expiryDays) ago" "have expired" "--new"
  run vault --new
  expect 0 "Copying 2 of 2 files"
  exact
}

@test "an expired new delivery is not resumed, and a complete set may have any age" {
  begin_slow_vault --new
  end_vault INT
  begin_at 1000
  run vault --new
  expect 0 "Copying 2 of 2 files"
  (($(began) > 1000))
  begin_at 1000
  run vault
  expect 0 "is vaulted already"
}

@test "EXPIRY_DAYS that is not a number of days is refused by name" {
  printf 'EXPIRY_DAYS=soon\n' >client.conf
  run vault
  expect 1 "EXPIRY_DAYS must be a whole number of days, not 'soon'"
}

@test "an interruption ends all child processes, prints how to continue, and loses nothing" {
  begin_slow_vault
  soon test -e "$target/.hidden"
  local began
  began=$(began)
  end_vault INT
  same 130 "$status"
  grep "Interrupted. Run the same command again" log
  [[ ! -e $manifest ]]
  soon fails kill -0 "$(<calls)"
  run vault
  expect 0 "Vaulted 2 files"
  same "$began" "$(began)"
  exact
}

@test "an interruption does not wait for a share that does not respond" {
  vault
  stub find <<<'[[ $PWD != *vaultjob ]] || { echo $$ >"$calls"; exec sleep 100; }; exec "$real" "$@"'
  start_vault
  kill -TERM "$(<"$job/lock")"
  wait "$vaulting" || status=$?
  same 143 "$status"
  soon fails kill -0 "$(<calls)"
}

@test "a second run at the same time is refused; a run that was killed does not lock" {
  begin_slow_vault
  run vault
  expect 1 "is being vaulted by process $(<"$job/lock")"
  end_vault KILL
  run vault
  expect 1 "is being vaulted" # the copying that it left behind goes on
  kill "$(<calls)"
  soon vault
  exact
}
