// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.DecoderPlan;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RotaryTablesTest {
    @GoldenModels
    @DisplayName("the bytes that are planned are those of all tables")
    void bytes(GoldenModel golden) {
        DecoderPlan plan = Families.read(golden.folder()).plan();
        RotaryTables tables = new RotaryTables(plan, Device.CPU);
        tables.ensure(40);
        long cosines = tables.memory().stream().mapToLong(Tensor::elements).sum();
        assertThat(RotaryTables.bytes(plan, 40)).isEqualTo(2 * Float.BYTES * cosines);
    }

    @Test
    @DisplayName("none where positions are learned, two where queries grow")
    void numbers() {
        DecoderPlan learned = Families.read(TestPaths.model("gpt2")).plan();
        assertThat(RotaryTables.bytes(learned, 40)).isZero();
        DecoderPlan growing = Families.read(TestPaths.model("ministral3")).plan();
        assertThat(RotaryTables.bytes(growing, 40)).isEqualTo(2L * 2 * Float.BYTES * 40 * growing.widestHead() / 2);
    }
}
