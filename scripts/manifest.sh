# shellcheck shell=bash disable=SC2034,SC2154
# The manifest: written beside the job's state, and moved into the share once it is whole.

# List the source as it was scanned, so that a file that the copy has lost is missing.
write_manifest() {
  prefix=$job_folder/ plain=$plain awk "$split"'
    kind ~ /[fe]/ { print (ENVIRON["plain"] ? "" : size " ") ENVIRON["prefix"] path }' "$work/source" >"$work/entries"
  if [[ -z $plain ]]; then
    local digest
    digest=$(sha256sum <"$work/entries")
    print "#vault-manifest 1 began=$began entries=$(awk 'END { printf "%.0f", NR }' "$work/entries") bytes=$total_bytes sha256=${digest%% *}" >"$work/manifest"
    cat -- "$work/entries" >>"$work/manifest"
  else
    mv -- "$work/entries" "$work/manifest"
  fi
}

put_manifest() {
  trap '' INT TERM HUP # half a manifest must not stay in the share
  cp -- "$work/manifest" "$work/moving"
  if ! mv -f -T -- "$work/moving" "$target/$manifest_name" || ! cmp -s -- "$work/manifest" "$target/$manifest_name"; then
    rm -f -- "$target/$manifest_name"
    die "The manifest could not be put into $(printf %q "$target"): mend the cause and run the same command again."
  fi
}
