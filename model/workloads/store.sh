set -euo pipefail
umask 077
url=$1
export RCLONE_CONFIG=store/rclone.conf RCLONE_CACHE_DIR=store/cache RCLONE_LOG_LEVEL=ERROR RCLONE_RETRIES_SLEEP=1s

fail() {
  echo "$0: $1" >&2
  exit 1
}

released() {
  for pause in 1 2 4 0; do
    if timeout 120 wget -q -O "store/$1" "$url/$1" 9>&- && [ -s "store/$1" ]; then return; fi
    sleep "$pause"
  done
  echo "$0: the KBS does not release $1 to this pod" >&2
  return 1
}

configure() {
  released key && released rclone.conf || return 1
  password=$(rclone obscure - <store/key) || return 1
  rm store/key
  echo "password = $password" >>store/rclone.conf
}

object() {
  printf 'snapshots:%010d.tar.gz' "$1"
}

newest() {
  names=$(rclone lsf --files-only snapshots:) || return 1
  last=$(echo "$names" | sed -n 's/^0*\([0-9]*\)\.tar\.gz$/\1/p' | sort -n | tail -n 1)
  echo "${last:-0}"
}

pack() {
  for entry in data/* data/.[!.]* data/..?*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then
      [ "$entry" = data/.restored ] || set -- "$@" "$entry"
    fi
  done
  tar "$@"
}

content() {
  pack -cf - store/floor | sha256sum
}

restore() {
  find store data -mindepth 1 -maxdepth 1 ! -path store/lock -exec rm -rf {} +
  { configure && released floor; } || fail "nothing is restored and nothing can be saved"
  floor=$(cat store/floor)
  version=$(newest) || fail "the store cannot be listed"
  [ "$version" -ge "$floor" ] ||
    fail "the newest snapshot is version $version and the hub has seen $floor: the store was rolled back or emptied"
  if [ "$version" -gt 0 ]; then
    rclone copyto "$(object "$version")" store/snapshot ||
      fail "snapshot $version cannot be read: it was altered, or it is of another key"
    gzip -t store/snapshot || fail "snapshot $version is cut off"
    [ "$(tar -xzOf store/snapshot store/next)" = "$version" ] || fail "snapshot $version is another one, renamed"
    tar -xzf store/snapshot || fail "snapshot $version does not fit into the volume"
    rm store/snapshot store/next
  fi
  content >store/saved
  echo "$version" >store/version
  echo "$version" >data/.restored
  chmod 644 data/.restored
}

save() {
  now=$(content) || return 1
  [ "$now" != "$(cat store/saved)" ] || return 0
  version=$(cat store/version)
  found=$(newest) || { configure && found=$(newest); } || return 1
  if [ "$found" != "$version" ]; then
    arrived "$found" ||
      fail "the store has version $found and this pod continues $version: another pod saves too, or the store was rolled back"
    return
  fi
  echo "$now" >store/saving
  echo $((version + 1)) >store/next
  pack -czf store/snapshot store/next || return 1
  rclone copyto --immutable store/snapshot "$(object $((version + 1)))" || return 1
  settle
}

arrived() {
  [ -f store/snapshot ] && [ "$1" = "$(cat store/next)" ] &&
    rclone cat "$(object "$1")" | cmp -s - store/snapshot && settle
}

settle() {
  rm store/snapshot
  mv store/next store/version
  mv store/saving store/saved
}

keep_saving() {
  [ -s store/version ] || fail "no restore has ended in this pod: it may be empty, and nothing is saved"
  stop=
  trap 'stop=1; kill "$!" 2>/dev/null || :' TERM INT
  while :; do
    if [ -z "$stop" ]; then
      sleep "$1" 9>&- &
      wait "$!" || :
    fi
    last=$stop
    if save; then
      [ -z "$last" ] || exit 0
    else
      echo "$0: not saved" >&2
      [ -z "$last" ] || exit 1
    fi
  done
}

exec 9>store/lock
flock -n 9 || fail "another container restores or saves already"
case $0 in
restore) restore ;;
save) keep_saving "$2" ;;
esac
