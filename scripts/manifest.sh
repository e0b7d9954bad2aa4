# shellcheck shell=bash disable=SC2034,SC2154
# The manifest. It is written next to the job's state, and moved into the share when it is complete.

# List the scanned source, so that a file that was lost in copying is reported as missing. The file of
# checksums has the same order.
write_manifest() {
  prefix=$job_folder/ plain=$plain sums=${checksum:+$work/checksums} awk "$split"'
    function size_and_checksum(    line, half) {
      if (ENVIRON["plain"]) return ""
      if (!ENVIRON["sums"]) return size " "
      if (kind == "e") return size " - "
      getline line <ENVIRON["sums"]
      split(line, half, "\t")
      sub(/^[^\/]*\/[^\/]*\/[^\/]*\//, "", half[1])
      if (half[1] != path) exit 1
      return size " " half[2] " "
    }
    kind ~ /[fe]/ { print size_and_checksum() ENVIRON["prefix"] path }' "$work/source" >"$work/entries" ||
    die "The list of the source could not be written: run the same command again."
  if [[ -z $plain ]]; then
    local digest form=1
    [[ -z $checksum ]] || form=2
    digest=$(sha256sum <"$work/entries")
    print "#vault-manifest $form began=$began entries=$(awk 'END { printf "%.0f", NR }' "$work/entries") bytes=$total_bytes${checksum:+ checksum=$checksum} sha256=${digest%% *}" >"$work/manifest"
    cat -- "$work/entries" >>"$work/manifest"
  else
    mv -- "$work/entries" "$work/manifest"
  fi
}

put_manifest() {
  trap '' INT TERM HUP # an incomplete manifest must not stay in the share
  cp -- "$work/manifest" "$work/moving"
  if ! readably mv -f -T -- "$work/moving" "$target/$manifest_name" || ! cmp -s -- "$work/manifest" "$target/$manifest_name"; then
    rm -f -- "$target/$manifest_name"
    die "The manifest could not be put into $(shown "$target"): fix the cause and run the same command again."
  fi
}
