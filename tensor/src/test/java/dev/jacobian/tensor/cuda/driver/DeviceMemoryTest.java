// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Sizes: how they are rounded, and how they are told. */
class DeviceMemoryTest {
    @Test
    void aSizeClassWastesAnEighthAtMost() {
        assertThat(DeviceMemory.sizeClass(1)).isEqualTo(512);
        assertThat(DeviceMemory.sizeClass(512)).isEqualTo(512);
        assertThat(DeviceMemory.sizeClass(513)).isEqualTo(1024);
        assertThat(DeviceMemory.sizeClass(1 << 20)).isEqualTo(1 << 20);
        assertThat(DeviceMemory.sizeClass((1 << 20) + 1)).isEqualTo((1 << 20) + (1 << 17));
        for (long bytes = 4096; bytes < 1L << 40; bytes += bytes / 7 + 1) {
            long occupied = DeviceMemory.sizeClass(bytes);
            assertThat(occupied).isBetween(bytes, bytes + bytes / 8 + 1);
            assertThat(occupied % 512).isZero();
            assertThat(DeviceMemory.sizeClass(occupied)).isEqualTo(occupied);
        }
    }

    @Test
    void sizesReadWell() {
        assertThat(Bytes.text(0)).isEqualTo("0 B");
        assertThat(Bytes.text(1023)).isEqualTo("1023 B");
        assertThat(Bytes.text(1536)).isEqualTo("1.5 KiB");
        assertThat(Bytes.text(40L << 20)).isEqualTo("40.0 MiB");
        assertThat(Bytes.text(5L << 29)).isEqualTo("2.50 GiB");
    }
}
