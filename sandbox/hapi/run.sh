#!/bin/sh
# Builds the FHIR server of this directory once, then becomes it. See README.md.
set -eu

usage="usage: run.sh [--port N] [--data DIR|memory] [--with-parent]"
here=$(cd "$(dirname "$0")" && pwd)
target=$here/target
port=8080
data=$here/data
with_parent=
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

fail() { # STATUS MESSAGE
    echo "run.sh: $2" >&2
    exit "$1"
}

need() { # WHAT
    fail 3 "$1 is needed. Debian and Ubuntu: apt-get install openjdk-17-jdk-headless maven. \
Without a JDK, run the container image hapiproject/hapi instead (see $here/README.md)."
}

at_least_17() { # java or javac
    version=$("$1" -version 2>&1 | sed -nE 's/^(javac |[a-z]+ version ")([0-9]+).*/\2/p')
    [ "${version:-0}" -ge 17 ]
}

maven_at_least_3_6() {
    version=$(mvn -version 2>/dev/null | sed -nE 's/.*Apache Maven ([0-9]+)\.([0-9]+).*/\1 * 100 + \2/p')
    [ $((${version:-0})) -ge 306 ]
}

serve() { # JVM-OPTION...
    # The JVM's own warnings would otherwise go to standard output.
    set -- -Xlog:disable -Xlog:all=error:stderr -Xmx1200m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "$@"
    exec "$java" "$@" -jar "$target/sandbox-hapi.jar"
}

built() {
    [ -f "$target/built" ] && [ -z "$(find "$here/pom.xml" "$here/src" -newer "$target/built")" ]
}

build() {
    at_least_17 "${java}c" || need "A JDK of version 17 or newer"
    maven_at_least_3_6 || need "Maven 3.6 or newer"
    echo "run.sh: building once, which fetches about 290 MB into the Maven repository" >&2
    rm -rf "$target/built" "$target/lib" "$target/classes.jsa"
    mvn -q -B -Dstyle.color=never -f "$here/pom.xml" package >&2 || fail 4 "The build failed; Maven says why above."
    # One start in memory leaves an archive of the loaded classes, which halves the time of all later starts.
    (serve -XX:ArchiveClassesAtExit="$target/classes.jsa" -Dsandbox.port=0 -Dsandbox.once=true \
        -Dsandbox.database=jdbc:h2:mem:fhir) </dev/null >/dev/null || fail 4 "The built server does not start."
    touch "$target/built"
}

while [ $# -gt 0 ]; do
    case $1 in
        --with-parent) with_parent=yes; shift; continue ;;
        --help) echo "$usage"; exit 0 ;;
    esac
    [ $# -ge 2 ] || fail 2 "$usage"
    case $1 in
        --port) port=$2 ;;
        --data) data=$2 ;;
        *) fail 2 "$usage" ;;
    esac
    shift 2
done
case $port in '' | *[!0-9]*) fail 2 "the port has to be a number, or 0 for any that is free" ;; esac
[ -n "$data" ] || fail 2 "$usage"

at_least_17 "$java" || need "A JDK of version 17 or newer"
mkdir -p "$target"
if ! built; then
    (
        ! command -v flock >/dev/null || flock 9 # two starts at once build once
        built || build
    ) 9>"$target/lock"
fi

if [ "$data" = memory ]; then
    set -- -Dsandbox.database="jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=10000"
else
    mkdir -p "$data"
    data=$(cd "$data" && pwd)
    set -- -Dsandbox.database="jdbc:h2:file:$data/fhir;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=10000;TRACE_LEVEL_FILE=0" \
        -Dsandbox.log="$data/server.log"
fi
if [ -n "$with_parent" ]; then
    set -- "$@" -Dsandbox.parent=$PPID
    # Only a pipe or a socket has a caller at its other end.
    if [ -p /dev/stdin ] || [ -S /dev/stdin ]; then set -- "$@" -Dsandbox.stdin=true; fi
fi
serve -XX:SharedArchiveFile="$target/classes.jsa" -Dsandbox.port="$port" "$@"
