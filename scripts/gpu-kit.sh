#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes .gpukit, with which scripts/gpu-check.sh runs in this checkout on a machine that has a GPU but neither a JDK nor Maven
# nor a network: a Java runtime, every jar, JCuda, and the tests that run on a device. Git ignores the folder; carry it along
# with the checkout. Made on Linux x86-64, for Linux x86-64.
#
# usage: scripts/gpu-kit.sh [MAVEN-OPTION...], for instance -o without a network
#
#   jre.tar.xz  a runtime of the modules below, made by jlink; class files without debug information are a third smaller
#   lib/        what the launcher has on its module path
#   jcuda/      JCuda, of its native libraries the two that are used: the others are most of its size
#   bench/      the benchmarks and what they need beyond lib
#   test/       the tests of all modules, JUnit's console launcher, AssertJ
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/find-jdk.sh
. scripts/find-jdk.sh # find_jdk, die

# The largest that the kit may become: a machine on loan takes the checkout and the kit in 64 MiB.
most=60000000
# java.xml, jdk.zipfs and java.naming: JUnit's console launcher. jdk.jfr: the tensor module requires it.
modules=java.base,java.logging,java.management,java.naming,java.xml,jdk.httpserver,jdk.incubator.vector,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs
libraries=(tensor autograd io parquet transformer rl serve cluster cli)

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "the kit is made on Linux x86-64."
find_jdk
mvn=${JACOBIAN_MVN:-mvn}
command -v "$mvn" >/dev/null || die "Maven is needed, and '$mvn' is not on PATH."
maven() { # what Maven says matters only when it fails
    "$mvn" -B -q -Dstyle.color=never "$@" >"$work.log" 2>&1 || {
        tail -n 20 "$work.log" >&2
        exit 1
    }
}

kit=$PWD/.gpukit
work=$(mktemp -d "${TMPDIR:-/tmp}/gpu-kit.XXXXXX")
trap 'rm -rf "$work" "$work.log"' EXIT
mkdir "$work/lib" "$work/jcuda" "$work/bench" "$work/test"

echo 'Building ...' >&2
maven "$@" -Dchecks=off -DskipTests -pl jmh -am package
read -r dist <cli/target/dist/current
cp "cli/target/dist/$dist/"*.jar "$work/lib/"

echo 'Collecting what tests and benchmarks need ...' >&2
tr ':' '\n' <jmh/target/classpath.txt | grep '\.jar$' | while read -r jar; do
    [ -e "$work/lib/$(basename "$jar")" ] || cp "$jar" "$work/bench/"
done
cp jmh/target/jacobian-jmh-*.jar "$work/bench/"
for module in "${libraries[@]}"; do
    [ ! -d "$module/target/test-classes" ] ||
        "$jdk/bin/jar" --create --file "$work/test/jacobian-$module-tests.jar" -C "$module/target/test-classes" .
done
"$jdk/bin/jar" --create --file "$work/test/jacobian-testing.jar" -C testing/target/classes .
property() { sed -n "s|.*<$1>\(.*\)</$1>.*|\1|p" pom.xml; }
fetch() { maven "$@" -N dependency:copy -DoutputDirectory="$work/test" -Dmdep.useBaseVersion=true; }
fetch "$@" -Dartifact="org.junit.platform:junit-platform-console-standalone:$(property junit.version)"
fetch "$@" -Dartifact="org.assertj:assertj-core:$(property assertj.version)"

[ -d .jcuda ] || scripts/gpu-libs.sh "$@"
cp .jcuda/jcuda-[0-9]*.jar .jcuda/jcublas-[0-9]*.jar "$work/jcuda/"
for part in jcuda:JCudaDriver jcublas:JCublas2; do
    natives=$(echo .jcuda/"${part%:*}"-natives-*.jar)
    mkdir "$work/natives"
    (cd "$work/natives" && "$jdk/bin/jar" --extract --file "$OLDPWD/$natives")
    find "$work/natives" -type f ! -name "lib${part#*:}-*.so" -delete
    "$jdk/bin/jar" --create --file "$work/jcuda/$(basename "$natives")" -C "$work/natives" .
    rm -rf "$work/natives"
done

echo 'Making the Java runtime ...' >&2
"$jdk/bin/jlink" --add-modules "$modules" --strip-debug --compress zip-0 --no-header-files --no-man-pages --output "$work/jre" 2>&1 |
    { grep -v WARNING >&2 || true; }
"$work/jre/bin/java" -version >/dev/null 2>&1 || die "the runtime that jlink made does not start."
# Without compression inside, for xz does it better; python3 where there is no xz.
if command -v xz >/dev/null; then
    tar -C "$work" -cf - jre | xz -6 -T0 >"$work/jre.tar.xz"
else
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1], "w:xz").add(sys.argv[2], "jre")' "$work/jre.tar.xz" "$work/jre"
fi
rm -rf "$work/jre"

bytes=$(find "$work" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
[ "$bytes" -le "$most" ] || die "the kit has $bytes bytes, more than the $most that it may have; see what grew:" \
    "$(find "$work" -type f -printf '%s %P\n' | sort -rn | head -n 5 | tr '\n' ';')"
rm -rf "$kit"
mv "$work" "$kit"
rm -f "$work.log"
trap - EXIT
echo "$kit has $((bytes / 1000000)) MB; on the machine with the GPU: scripts/gpu-check.sh" >&2
