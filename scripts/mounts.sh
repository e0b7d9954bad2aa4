# shellcheck shell=bash disable=SC2034
# The kernel's list of mounts: commands that access a mount point hang if its server does not answer.

# Set mounted to the source of the mount at PATH; fail if there is none.
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

# Print PATH in the kernel's form, without a request to its file system.
plain_path() { # PATH
  local part path='' rest=$1/
  [[ $1 == /* ]] || rest=$PWD/$rest
  while [[ -n $rest ]]; do
    part=${rest%%/*} rest=${rest#*/}
    [[ -z $part || $part == . ]] || path+=/$part
  done
  printf %s "${path:-/}"
}

# Set problem to the reason why PATH cannot be used, or to nothing. Its file system answers statfs
# from the server, never from a cache. A command that waits for a dead server is left running.
find_problem() { # PATH
  local seconds=${VAULT_ANSWER_SECONDS:-30}
  exec 6< <(exec 2>&1 && stat -f -- "$1" >/dev/null && printf '\n')
  IFS= read -r -t "$seconds" problem <&6 || problem="does not answer within $seconds seconds"
  exec 6<&-
  [[ $problem != *": "* ]] || problem="cannot be read (${problem##*: })"
  [[ $problem != *Stale* ]] || problem="is stale"
}

require_answer() { # MOUNT_POINT: one that mount_at has found
  local problem
  find_problem "$1"
  [[ -z $problem ]] ||
    die "$(shown "$mounted"), mounted at $(shown "$1"), $problem: see that the gateway runs. If it is gone for good, run umount -f -l $(shown "$1"), then mount-share.sh once there is another share."
}
