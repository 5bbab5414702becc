// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.util.List;

/** What stands between a program and the machine, the strongest first. */
public enum Isolation {
    /** bubblewrap: namespaces of the kernel and a filter of its calls. */
    BUBBLEWRAP(
            "bubblewrap",
            List.of(
                    "own processes, network, users and file system (nothing of the host but /usr, read-only)",
                    "no privileges, no further namespaces, a filter of system calls",
                    "limits of time, memory, processes, output and files"),
            List.of("memory is watched every few milliseconds and not by a control group")),
    /** The same namespaces, set up with the tools of util-linux; calls are filtered where there is perl. */
    NAMESPACES(
            "namespaces",
            List.of(
                    "own processes, network, users and file system (nothing of the host but /usr, read-only)",
                    "no privileges, no further namespaces",
                    "limits of time, memory, processes, output and files"),
            List.of(
                    CallFilter.available()
                            ? "folders below /usr that are mounts of their own are guarded by their permissions alone"
                            : "system calls are not filtered",
                    "memory is watched every few milliseconds and not by a control group")),
    /** A process like any other, with limits. */
    PLAIN(
            "plain process",
            List.of("limits of time, memory of a process, output and the size of a file", "an empty environment"),
            List.of(
                    "A PROGRAM CAN READ AND WRITE WHATEVER ITS USER CAN",
                    "IT REACHES THE NETWORK",
                    "IT SEES OTHER PROCESSES, AND MAY LEAVE SOME BEHIND",
                    "for all but root: the limit of processes counts what else the user runs",
                    "files fill the disk up to the size of one times their number")),
    /** Not even that: programs cannot be run here. */
    NONE("none", List.of(), List.of("programs cannot be run here"));

    private final String text;
    private final List<String> protects;
    private final List<String> lacks;

    Isolation(String text, List<String> protects, List<String> lacks) {
        this.text = text;
        this.protects = protects;
        this.lacks = lacks;
    }

    /** What it gives. */
    public List<String> protects() {
        return protects;
    }

    /** What it does not protect from. */
    public List<String> lacks() {
        return lacks;
    }

    /** Whether it may be given programs that nobody trusts. */
    public boolean isolates() {
        return this == BUBBLEWRAP || this == NAMESPACES;
    }

    @Override
    public String toString() {
        return text;
    }
}
