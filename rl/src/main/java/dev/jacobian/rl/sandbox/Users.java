// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Ids of users that nobody else has. Root gives each run one; anybody else's programs run as that user.
 *
 * <p>Root of a container may have few ids to give: those that {@code /proc/self/uid_map} lists. Where they are too few for some to be
 * spare, root is treated like anybody else.
 *
 * @param first the first id
 * @param count how many there are
 */
record Users(int first, int count) {
    /** Ids far above those that anybody gives to people or services. */
    private static final Users FAR = new Users(1_600_000_000, 100_000_000);

    private static final int SPARE = 10_000;
    private static final int BEHIND = 2_000; // the last ids of a range have names, as 65534, which is nobody
    private static final Pattern EXTENT = Pattern.compile("(\\d+)\\s+(\\d+)\\s+(\\d+)");
    private static final Optional<Users> FOUND = find();

    /** Those that this process may give to runs; none if it may not. */
    static Optional<Users> spare() {
        return FOUND;
    }

    private static Optional<Users> find() {
        if (Tools.userId() != 0) {
            return Optional.empty();
        }
        try {
            Optional<Users> users = in(Files.readString(Path.of("/proc/self/uid_map")));
            return users.equals(in(Files.readString(Path.of("/proc/self/gid_map")))) ? users : Optional.empty();
        } catch (IOException noNamespaces) {
            return Optional.of(FAR);
        }
    }

    /** Those of a map: lines of the first id here, the first id outside, and how many. */
    static Optional<Users> in(String map) {
        Optional<Users> spare = Optional.empty();
        for (MatchResult extent : EXTENT.matcher(map).results().toList()) {
            long first = Long.parseLong(extent.group(1));
            long end = first + Long.parseLong(extent.group(3));
            if (first <= FAR.first && end >= (long) FAR.first + FAR.count) {
                return Optional.of(FAR);
            }
            if (end - first >= 2 * (SPARE + BEHIND) && end <= Integer.MAX_VALUE) {
                spare = Optional.of(new Users((int) end - SPARE - BEHIND, SPARE));
            }
        }
        return spare;
    }

    /** The user of a run of this process. Few of them are at work at a time, so numbers that come again do no harm. */
    int user(long number) {
        long thousand = ProcessHandle.current().pid() % 100_000 * 1000;
        return first + (int) ((thousand + number % 1000) % count);
    }
}
