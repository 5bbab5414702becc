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
    void continuationsMayBeContinued() {
        // 0 (3 tokens) -> 1 (2) -> 3 (1), 4 (4); 0 -> 2 (5)
        Segments segments = Segments.of(new int[] {3, 2, 5, 1, 4}, new int[] {-1, 0, 0, 1, 1});
        assertThat(segments.history(3)).isEqualTo(5);
        assertThat(segments.history(2)).isEqualTo(3);
        assertThat(segments.path(4)).containsExactly(0, 1, 4);
        assertThat(segments.path(0)).containsExactly(0);
        assertThat(segments.positions()).containsExactly(0, 1, 2, 3, 4, 3, 4, 5, 6, 7, 5, 5, 6, 7, 8);
        // rows: 0-2 of segment 0, 3-4 of 1, 5-9 of 2, 10 of 3, 11-14 of 4
        assertThat(segments.row(4, 1)).isEqualTo(1);
        assertThat(segments.row(4, 4)).isEqualTo(4);
        assertThat(segments.row(4, 8)).isEqualTo(14);
        assertThat(segments.row(2, 3)).isEqualTo(5);
        assertThat(segments.isNested()).isTrue();
        assertThat(Segments.of(new int[] {1, 1, 1, 1}, new int[] {-1, 0, 0, 1}).continued())
                .isEqualTo(2);
        assertThat(Segments.of(new int[] {1, 1, 1}, new int[] {-1, 0, 0}).isNested())
                .isFalse();
    }

    @Test
    void refusesWhatIsNoForest() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Segments.of(new int[] {1, 1}, new int[] {1, -1}))
                .withMessageContaining("segment 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Segments.of(new int[] {1, 1, 1}, new int[] {-1, 0, 2}))
                .withMessageContaining("segment 2");
        assertThatIllegalArgumentException().isThrownBy(() -> Segments.of(new int[] {1}, new int[] {-2}));
        assertThatIllegalArgumentException().isThrownBy(() -> Segments.of(new int[] {1}, new int[] {0}));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Segments.of(2, -1))
                .withMessageContaining("-1");
        assertThatIllegalArgumentException().isThrownBy(() -> Segments.of(new int[] {1}, new int[] {}));
    }
}
