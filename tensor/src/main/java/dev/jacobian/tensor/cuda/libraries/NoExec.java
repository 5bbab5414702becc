// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Whether a folder lies on a file system mounted without the right to execute, from which no library can be loaded.
 *
 * <p>Asked beforehand, because JCuda cannot be started twice: a class whose initialisation failed stays broken.
 */
final class NoExec {
    private static final Path MOUNTS = Path.of("/proc/self/mounts");

    private NoExec() {}

    /** Whether libraries in the folder cannot be loaded; false where the mounts are not known. */
    static boolean covers(Path folder) {
        try {
            return covers(folder, Files.readAllLines(MOUNTS));
        } catch (IOException unknown) {
            return false;
        }
    }

    /**
     * The same, given the mounts.
     *
     * @param mounts lines of {@code /proc/self/mounts}: device, folder, type, options, …; of two for one folder the later holds
     */
    static boolean covers(Path folder, List<String> mounts) {
        int deepest = -1;
        boolean noexec = false;
        for (String line : mounts) {
            String[] fields = line.split(" ");
            if (fields.length < 4) {
                continue;
            }
            Path mount = Path.of(fields[1].replace("\\040", " "));
            if (folder.startsWith(mount) && mount.getNameCount() >= deepest) {
                deepest = mount.getNameCount();
                noexec = Arrays.asList(fields[3].split(",")).contains("noexec");
            }
        }
        return noexec;
    }
}
