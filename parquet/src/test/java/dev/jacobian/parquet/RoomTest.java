// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.parquet.format.Corrupt;
import org.junit.jupiter.api.Test;

class RoomTest {
    /** Each of eight columns alone would fit; what they claim together does not. */
    @Test
    void columnsShareOneRoom() {
        Room room = new Room(64L << 20);
        for (int column = 0; column < 8; column++) {
            room.take(8 << 20);
        }
        assertThatThrownBy(() -> room.take(1)).isInstanceOf(Corrupt.class).hasMessageContainingAll("64 MiB", "-Xmx");
        room.give(8 << 20);
        room.take(8 << 20);
        assertThatThrownBy(() -> room.take(Long.MAX_VALUE)).isInstanceOf(Corrupt.class);
    }
}
