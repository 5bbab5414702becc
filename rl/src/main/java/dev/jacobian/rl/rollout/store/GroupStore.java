// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Groups in a file: what waits between two steps of a run (paused, scored, or still to be learned from) and must be in its checkpoint.
 *
 * <pre>
 * "JACGROUP"               8 bytes
 * format, kind, count      3 ints: {@value #FORMAT}; 0 for groups, 1 for scored ones; how many
 * group ...                problem, key, prompt length, samples; of scored ones rewards and all else beside
 * checksum                 CRC-32C of everything before, 4 bytes
 * </pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>All numbers are stored bit for bit, also those that are not numbers, so that a resumed run is the one that was never stopped.
 *   <li>A problem is stored whole. Not every task can be asked for a problem again, and a stream of data cannot be asked by place. What is read
 *       equals what was written; nobody may ask whether it is the same object, for tasks make theirs anew, too.
 *   <li>Files come from elsewhere: the checksum is compared before anything is made of the bytes, no length is believed that the rest of the
 *       file could not hold, and what does not fit together is one {@link FormatException} with file and group.
 * </ul>
 */
public final class GroupStore {
    static final int FORMAT = 1;
    static final int GROUPS = 0;
    static final int SCORED = 1;

    private GroupStore() {}

    /**
     * Writes groups with what their samples earned; a reader sees the old file or the new one, whole.
     *
     * @throws IllegalArgumentException if a column of a problem holds what is neither text, number, truth, list nor map, or if the facts of a
     *     group are not one per sample
     */
    public static void write(Path file, List<ScoredGroup> groups) {
        AtomicFiles.write(file, channel -> {
            StoreOutput out = new StoreOutput(channel, SCORED, groups.size());
            GroupWriter writer = new GroupWriter(out);
            for (ScoredGroup group : groups) {
                writer.write(group);
            }
            out.end();
        });
    }

    /** The same of groups whose samples have earned nothing yet. */
    public static void writeGroups(Path file, List<Group> groups) {
        AtomicFiles.write(file, channel -> {
            StoreOutput out = new StoreOutput(channel, GROUPS, groups.size());
            GroupWriter writer = new GroupWriter(out);
            for (Group group : groups) {
                writer.write(group);
            }
            out.end();
        });
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws FormatException if the file is damaged, of another kind or of a later version
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static List<ScoredGroup> read(Path file) {
        try (StoreInput in = StoreInput.open(file, SCORED)) {
            GroupReader reader = new GroupReader(in);
            List<ScoredGroup> groups = new ArrayList<>();
            while (in.hasNext()) {
                groups.add(reader.scored());
            }
            return groups;
        }
    }

    /** Reads what {@link #writeGroups} wrote, with the same errors as {@link #read}. */
    public static List<Group> readGroups(Path file) {
        try (StoreInput in = StoreInput.open(file, GROUPS)) {
            GroupReader reader = new GroupReader(in);
            List<Group> groups = new ArrayList<>();
            while (in.hasNext()) {
                groups.add(reader.group());
            }
            return groups;
        }
    }
}
