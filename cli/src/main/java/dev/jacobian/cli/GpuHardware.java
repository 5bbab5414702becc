// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether there is an NVIDIA GPU at all, so that machines without one are not told what a GPU would need. Looks at the files
 * by which Linux shows devices: asking the driver takes longer, and there may be none yet.
 */
final class GpuHardware {
    private static final String NVIDIA = "0x10de";
    private static final String DISPLAY_OR_3D = "0x03"; // the PCI class: a network card may be NVIDIA's too

    private GpuHardware() {}

    /** Whether this machine has one; so says who names the folder of its libraries. */
    static boolean present() {
        return !System.getProperty("jacobian.cuda.libraries", "").isBlank() || present(Path.of("/"));
    }

    /**
     * The same for a file system.
     *
     * @param root of the file system
     */
    static boolean present(Path root) {
        return Files.exists(root.resolve("dev/nvidiactl")) // the driver runs
                || Files.exists(root.resolve("usr/lib/wsl/lib/libcuda.so.1")) // Windows shares its driver
                || onBus(root.resolve("sys/bus/pci/devices")); // whether or not there is a driver
    }

    private static boolean onBus(Path devices) {
        if (!Files.isDirectory(devices)) {
            return false;
        }
        try (DirectoryStream<Path> all = Files.newDirectoryStream(devices)) {
            for (Path device : all) {
                if (read(device.resolve("vendor")).equals(NVIDIA)
                        && read(device.resolve("class")).startsWith(DISPLAY_OR_3D)) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException unreadable) {
            // a machine that hides its devices has none to offer
        }
        return false;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException unreadable) {
            return "";
        }
    }
}
