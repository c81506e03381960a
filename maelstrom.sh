#!/bin/sh
# Sets the project up and runs its node under Maelstrom, or under the workbench where there is no Maelstrom.
#
#   ./maelstrom.sh                 the standard challenge: 3 nodes, 100 operations/s, 20 s, partitions; the workbench
#                                  judges every read of it, Maelstrom the final ones
#   ./maelstrom.sh test -w …       any other run; the arguments go to the engine as they are
#
# The engine is the first of these that there is: $MAELSTROM (a launcher), $MAELSTROM_JAR, maelstrom on the PATH, the
# release downloaded to .maelstrom/, a download of it (if java is there), the workbench. ENGINE=maelstrom or
# ENGINE=workbench decides it. Paths in the arguments are relative to this folder.
set -eu
unset CDPATH

RELEASE=v0.2.4
URL=https://github.com/jepsen-io/maelstrom/releases/download/$RELEASE/maelstrom.tar.bz2
DOWNLOADED=.maelstrom/maelstrom/maelstrom
FAILED=.maelstrom/download-failed
KEPT=.maelstrom/node_modules
NEEDS='this needs Node.js 20.15 or newer, with npm: https://nodejs.org'

die() {
  echo "maelstrom.sh: $2" >&2
  exit "$1"
}

# The path of a program given by the caller, who may be in another folder.
from_caller() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    */*) printf '%s\n' "$caller/$1" ;;
    *) command -v "$1" || printf '%s\n' "$caller/$1" ;;
  esac
}

# Whether Maelstrom can be downloaded now; $why_not says why not. After a failure it is not tried again for a day.
can_download() {
  if [ "${ENGINE:-}" != maelstrom ] && [ -n "$(find "$FAILED" -mtime -1 2>/dev/null)" ]; then
    why_not='Maelstrom could not be downloaded today; ENGINE=maelstrom tries again'
  elif ! java -version >/dev/null 2>&1; then
    why_not='there is no java to run Maelstrom with'
  elif ! command -v curl >/dev/null; then
    why_not='there is no curl to download Maelstrom with'
  elif ! headers=$(curl -fsSIL --connect-timeout 5 --max-time 5 "$URL" 2>/dev/null); then
    why_not="Maelstrom could not be downloaded from $URL"
    { mkdir -p .maelstrom && touch "$FAILED"; } 2>/dev/null || :
  else
    return 0
  fi
  return 1
}

# Gives up on a download: the next run does without it.
not_usable() {
  rm -rf .maelstrom/unpacked .maelstrom/release.part
  : >"$FAILED"
  die 1 "$1; ENGINE=workbench does without it"
}

# What is in the place of the release is complete and has been started once.
download() {
  mkdir -p .maelstrom
  rm -rf .maelstrom/unpacked
  curl -fL --progress-bar --connect-timeout 5 --speed-limit 1000 --speed-time 30 -o .maelstrom/release.part "$URL" ||
    not_usable 'the download failed'
  # That of the last answer, if it says it: the others redirect.
  length=$(printf '%s\n' "$headers" | tr -d '\r' |
    awk '/^HTTP/ { said = "" } tolower($1) == "content-length:" { said = $2 } END { print said }')
  [ -z "$length" ] || [ "$(wc -c <.maelstrom/release.part)" -eq "$length" ] ||
    not_usable "the download does not have its $length bytes"
  mkdir .maelstrom/unpacked
  tar -xjf .maelstrom/release.part -C .maelstrom/unpacked || not_usable 'the download cannot be unpacked'
  output=$(.maelstrom/unpacked/maelstrom/maelstrom test --help 2>&1 </dev/null) ||
    not_usable "the download does not start: $(printf '%s\n' "$output" | tail -n 1)"
  rm -rf .maelstrom/maelstrom
  mv .maelstrom/unpacked/maelstrom .maelstrom/maelstrom
  rm -rf .maelstrom/unpacked .maelstrom/release.part "$FAILED"
}

set_up() {
  command -v node >/dev/null || die 1 "$NEEDS"
  to_do=$(node src/set-up.mjs)
  [ -z "$to_do" ] || command -v npm >/dev/null || die 1 "$NEEDS"
  case $to_do in
    install*)
      echo 'installing development tools (npm ci)'
      # Whatever the environment leaves out: without them there is nothing to build with.
      keep_modules
      npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error || restore_modules
      trap - INT TERM HUP
      rm -rf "$KEPT"
      ;;
  esac
  case $to_do in
    *build)
      echo 'building (npm run build)'
      npm run --silent build
      ;;
  esac
}

# npm ci begins by removing what is installed. If it fails, as it does without a network, that is put back.
keep_modules() {
  [ -e node_modules ] || return 0
  rm -rf "$KEPT"
  mkdir -p .maelstrom
  # A file system of its own cannot be moved.
  mv node_modules "$KEPT" 2>/dev/null || return 0
  trap 'restore_modules' INT TERM HUP
}

restore_modules() {
  trap - INT TERM HUP
  [ -e "$KEPT" ] || die 1 'npm ci failed'
  rm -rf node_modules
  mv "$KEPT" node_modules
  die 1 'npm ci failed; node_modules is as it was before'
}

# Enters the folder of this script, also where it is called by a link, or by a link to a link.
enter_own_folder() {
  script=$0
  while
    case $script in
      /*) ;;
      *) script=./$script ;;
    esac
    [ -L "$script" ]
  do
    # The dot keeps line feeds at the end of a name.
    target=$(readlink "$script" && echo .)
    target=${target%??}
    case $target in
      /*) script=$target ;;
      *) script=${script%/*}/$target ;;
    esac
  done
  cd -P "${script%/*}/"
}

caller=$PWD
enter_own_folder
# A script that was copied to another project must not set that up.
grep -q '"name": "g-counter"' package.json 2>/dev/null && [ -e src/set-up.mjs ] || die 1 "$PWD is not a checkout of g-counter"
case ${ENGINE:-} in
  '' | maelstrom | workbench) ;;
  *) die 2 "ENGINE is maelstrom or workbench, not '$ENGINE'" ;;
esac

launcher=
if [ "${ENGINE:-}" = workbench ]; then
  why='ENGINE says so'
elif [ -n "${MAELSTROM:-}" ]; then
  launcher=$(from_caller "$MAELSTROM")
  [ -x "$launcher" ] || die 2 "MAELSTROM=$MAELSTROM is not a program"
  why='MAELSTROM says so'
elif [ -n "${MAELSTROM_JAR:-}" ]; then
  jar=$(from_caller "$MAELSTROM_JAR")
  [ -f "$jar" ] || die 2 "MAELSTROM_JAR=$MAELSTROM_JAR is not a file"
  launcher=java
  why='MAELSTROM_JAR says so'
elif launcher=$(command -v maelstrom); then
  why='it is on the PATH'
elif [ -x "$DOWNLOADED" ]; then
  launcher=$DOWNLOADED
  why='it has been downloaded before'
elif can_download; then
  launcher=$DOWNLOADED
  why="release $RELEASE is being downloaded"
elif [ "${ENGINE:-}" = maelstrom ]; then
  die 1 "no Maelstrom: $why_not. Set MAELSTROM to its launcher or MAELSTROM_JAR to its jar."
else
  why=$why_not
fi

if [ -n "$launcher" ]; then
  echo "engine: Maelstrom ($why)"
else
  echo "engine: the built-in workbench ($why)"
fi
[ "$launcher" != "$DOWNLOADED" ] || [ -x "$DOWNLOADED" ] || download
set_up

if [ $# -eq 0 ]; then
  set -- test -w g-counter --bin bin/g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
  # Maelstrom does not have this flag.
  [ -n "$launcher" ] || set -- "$@" --check strict
fi
case $launcher in
  '') exec bin/g-counter-workbench "$@" ;;
  java) exec java -Djava.awt.headless=true -jar "$jar" "$@" ;;
  *) exec "$launcher" "$@" ;;
esac
