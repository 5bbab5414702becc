// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SegmentsTest {
    @Test
    void samplesCountOnFromTheirPrompt() {
        Segments segments = Segments.of(new int[] {3, 2, 0, 4}, new int[] {-1, 0, 0, -1});
        assertThat(segments.count()).isEqualTo(4);
        assertThat(segments.rows()).isEqualTo(9);
        assertThat(segments.start(3)).isEqualTo(5);
        assertThat(segments.length(3)).isEqualTo(4);
        assertThat(segments.history(1)).isEqualTo(3);
        assertThat(segments.history(3)).isZero();
        assertThat(segments.parent(2)).isZero();
        assertThat(segments.positions()).containsExactly(0, 1, 2, 3, 4, 0, 1, 2, 3);
    }

    @Test
    void refusesWhatIsNoForest() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Segments.of(new int[] {1, 1}, new int[] {1, -1}))
                .withMessageContaining("segment 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Segments.of(new int[] {1, 1, 1}, new int[] {-1, 0, 1}))
                .withMessageContaining("segment 2");
        assertThatIllegalArgumentException().isThrownBy(() -> Segments.of(new int[] {1}, new int[] {-2}));
        assertThatIllegalArgumentException().isThrownBy(() -> Segments.of(new int[] {1}, new int[] {0}));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Segments.of(2, -1))
                .withMessageContaining("-1");
        assertThatIllegalArgumentException().isThrownBy(() -> Segments.of(new int[] {1}, new int[] {}));
    }
}
