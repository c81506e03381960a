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

die() {
  echo "maelstrom.sh: $2" >&2
  exit "$1"
}

# The path of a program given by the caller, who may be in another folder.
from_caller() {
  case $1 in
    /*) echo "$1" ;;
    */*) echo "$caller/$1" ;;
    *) command -v "$1" || echo "$caller/$1" ;;
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
  elif ! curl -fsSIL --connect-timeout 5 --max-time 5 -o /dev/null "$URL" 2>/dev/null; then
    why_not="Maelstrom could not be downloaded from $URL"
    mkdir -p .maelstrom && : >"$FAILED"
  else
    return 0
  fi
  return 1
}

download() {
  mkdir -p .maelstrom
  curl -fL --progress-bar --connect-timeout 5 --speed-limit 1000 --speed-time 30 -o .maelstrom/release.part "$URL" &&
    tar -xjf .maelstrom/release.part -C .maelstrom || die 1 "the download failed; ENGINE=workbench does without it"
  rm -f .maelstrom/release.part "$FAILED"
}

set_up() {
  command -v npm >/dev/null || die 1 'this needs Node.js 20.15 or newer, with npm: https://nodejs.org'
  if [ ! -e node_modules/.package-lock.json ] ||
    [ -n "$(find package-lock.json -newer node_modules/.package-lock.json)" ]; then
    echo 'installing development tools (npm ci)'
    npm ci --no-audit --no-fund --loglevel=error
  fi
  # The build touches its output: esbuild itself leaves alone what has not changed.
  if [ ! -e dist/g-counter-workbench.cjs ] ||
    [ -n "$(find src package.json package-lock.json -newer dist/g-counter-workbench.cjs | head -n 1)" ]; then
    echo 'building (npm run build)'
    npm run --silent build
  fi
}

caller=$PWD
cd "$(dirname "$0")"
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
