# shellcheck shell=bash disable=SC2034
# What is mounted, as the kernel lists it: commands that look at a mount point hang on a server that is gone.

# Set mounted to the source of what is mounted at PATH; fail if nothing is.
mount_at() { # PATH
  local source point rest path
  path=$(plain_path "$1")
  mounted=
  while read -r source point rest; do
    printf -v point %b "${point//\\/\\0}" # the kernel writes white space as \040
    [[ $point != "$path" ]] || printf -v mounted %b "${source//\\/\\0}"
  done <"${VAULT_MOUNTS:-/proc/self/mounts}"
  [[ -n $mounted ]]
}

# Print PATH as the kernel lists it, without a request to its file system.
plain_path() { # PATH
  local part path='' rest=$1/
  [[ $1 == /* ]] || rest=$PWD/$rest
  while [[ -n $rest ]]; do
    part=${rest%%/*} rest=${rest#*/}
    [[ -z $part || $part == . ]] || path+=/$part
  done
  printf %s "${path:-/}"
}

# Set problem to why PATH is of no use, or to nothing. Its file system answers statfs from the
# server, never from a cache. A command that waits for a dead server is left behind.
find_problem() { # PATH
  local seconds=${VAULT_ANSWER_SECONDS:-30}
  exec 6< <(exec 2>&1 && stat -f -- "$1" >/dev/null && printf '\n')
  IFS= read -r -t "$seconds" problem <&6 || problem="does not answer within $seconds seconds"
  exec 6<&-
  [[ $problem != *": "* ]] || problem="cannot be read (${problem##*: })"
  [[ $problem != *Stale* ]] || problem="is stale"
}

require_answer() { # MOUNT_POINT: of what mount_at has found
  local problem
  find_problem "$1"
  [[ -z $problem ]] ||
    die "$mounted, mounted at $1, $problem: see that the gateway runs. If it is gone for good, run umount -f -l $(printf %q "$1"), then mount-share.sh once there is another share."
}
