// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GPUs are seen by the files of their devices, on machines made of empty folders. */
class GpuHardwareTest {
    @TempDir
    private Path root;

    private void device(String address, String vendor, String kind) throws IOException {
        Path folder =
                Files.createDirectories(root.resolve("sys/bus/pci/devices").resolve(address));
        Files.writeString(folder.resolve("vendor"), vendor + "\n");
        Files.writeString(folder.resolve("class"), kind + "\n");
    }

    @Test
    void anEmptyMachineHasNone() {
        assertThat(GpuHardware.present(root)).isFalse();
    }

    @Test
    void aCardWithoutADriverIsSeenOnTheBus() throws IOException {
        device("0000:00:1f.0", "0x8086", "0x030000"); // another maker's
        device("0000:3b:00.0", "0x10de", "0x020700"); // NVIDIA's, but for a network
        Files.createDirectories(root.resolve("sys/bus/pci/devices/0000:ff:00.0")); // gone while we look
        assertThat(GpuHardware.present(root)).isFalse();
        device("0000:5e:00.0", "0x10de", "0x030200");
        assertThat(GpuHardware.present(root)).isTrue();
    }

    @Test
    void aRunningDriverIsSeenWhereTheBusIsHidden() throws IOException {
        Files.createFile(Files.createDirectories(root.resolve("dev")).resolve("nvidiactl"));
        assertThat(GpuHardware.present(root)).isTrue();
    }

    @Test
    void windowsSharesItsDriver() throws IOException {
        Files.createFile(
                Files.createDirectories(root.resolve("usr/lib/wsl/lib")).resolve("libcuda.so.1"));
        assertThat(GpuHardware.present(root)).isTrue();
    }
}
