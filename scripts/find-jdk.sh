# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the launcher and by jmh/bench: find_jdk leaves the folder of a JDK 25.0.3 or a later 25 in $jdk, or ends
# with one message that says what was found and what to do. Bash 3.2, Linux and macOS.

HOME=${HOME:-}

die() { # MESSAGE... - one line each, then exit 1
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    shift
    [ $# -eq 0 ] || printf '    %s\n' "$@" >&2
    exit 1
}

rejected=() # what was found and why it will not do, for the error message

# Accepts HOME when it is a JDK 25.0.3 or a later 25, and leaves it in $jdk. Reads the `release` file rather than starting a JVM.
usable() { # HOME
    local home=$1 line version='' modules='' major minor patch
    [ -x "$home/bin/java" ] || return 1
    if [ -r "$home/release" ]; then
        while IFS= read -r line; do
            case $line in
                JAVA_VERSION=*) version=${line#*=} ;;
                MODULES=*) modules=${line#*=} ;;
            esac
        done <"$home/release"
    else
        version=$("$home/bin/java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
    fi
    version=${version//[\"$'\r']/}
    IFS=. read -r major minor patch _ <<<"$version.0.0"
    major=${major%%[!0-9]*} minor=${minor%%[!0-9]*} patch=${patch%%[!0-9]*}
    [ "${major:-0}" -eq 25 ] || return 1
    if [ "${minor:-0}" -eq 0 ] && [ "${patch:-0}" -lt 3 ]; then
        rejected+=("$home is $version: before 25.0.3 a pinned array can be corrupted (JDK-8377811)")
        return 1
    fi
    if [ ! -x "$home/bin/javac" ]; then
        rejected+=("$home is $version, but a runtime without javac")
        return 1
    fi
    case $modules in
        '' | *jdk.incubator.vector*) ;;
        *)
            rejected+=("$home is $version, but lacks the module jdk.incubator.vector")
            return 1
            ;;
    esac
    jdk=$home
}

# The installation behind the java on PATH, which is often a chain of symbolic links.
java_on_path() {
    local java link
    java=$(command -v java) || return 1
    while [ -L "$java" ]; do
        link=$(readlink "$java")
        case $link in
            /*) java=$link ;;
            *) java=$(dirname "$java")/$link ;;
        esac
    done
    (cd "$(dirname "$java")/.." 2>/dev/null && pwd -P)
}

find_jdk() {
    local home
    jdk=''
    if [ -n "${JACOBIAN_JAVA_HOME:-}" ]; then
        usable "$JACOBIAN_JAVA_HOME" && return
        die "JACOBIAN_JAVA_HOME=$JACOBIAN_JAVA_HOME is not a JDK 25.0.3 or later 25." ${rejected[@]+"${rejected[@]}"} \
            "Point it at one, or unset it to have the usual places searched."
    fi
    for home in "${JAVA_HOME:-}" "$(java_on_path)" "${JAVA25_HOME:-}" "${JAVA_25_HOME:-}" "${JAVA_HOME_25_X64:-}" \
        /usr/lib/jvm/*25* /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* /opt/hostedtoolcache/Java_*/25*/* \
        "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* "$HOME"/.asdf/installs/java/* "$HOME"/.jabba/jdk/* \
        "$HOME"/.local/share/mise/installs/java/* \
        /opt/homebrew/opt/openjdk@25/libexec/openjdk.jdk/Contents/Home \
        /usr/local/opt/openjdk@25/libexec/openjdk.jdk/Contents/Home \
        {"$HOME",}/Library/Java/JavaVirtualMachines/*/Contents/Home; do
        [ -n "$home" ] && usable "$home" && return
    done
    if [ -x /usr/libexec/java_home ]; then
        home=$(/usr/libexec/java_home -v 25 2>/dev/null) && usable "$home" && return
    fi
    die "no JDK 25.0.3 or later 25 found." ${rejected[@]+"${rejected[@]}"} \
        "Install one (e.g. https://adoptium.net) and set JACOBIAN_JAVA_HOME or JAVA_HOME to its folder."
}
