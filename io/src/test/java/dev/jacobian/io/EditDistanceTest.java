// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EditDistanceTest {
    @Test
    void countsWhatIsPutInLeftOutOrReplaced() {
        assertThat(EditDistance.between("kitten", "sitting")).isEqualTo(3);
        assertThat(EditDistance.between("sitting", "kitten")).isEqualTo(3);
        assertThat(EditDistance.between("", "beta")).isEqualTo(4);
        assertThat(EditDistance.between("beta", "")).isEqualTo(4);
        assertThat(EditDistance.between("beta", "beta")).isZero();
        assertThat(EditDistance.between("beta", "bata")).isEqualTo(1);
        assertThat(EditDistance.between("beta", "btea"))
                .as("two that changed places")
                .isEqualTo(2);
    }

    @Test
    void farNamesAreNotCompared() {
        assertThat(EditDistance.isAtMost(2, "hiden_size", "hidden_size")).isTrue();
        assertThat(EditDistance.isAtMost(2, "hidden", "hidden_size")).isFalse();
        assertThat(EditDistance.isAtMost(2, "x".repeat(100_000_000), "hidden_size"))
                .isFalse();
    }
}
