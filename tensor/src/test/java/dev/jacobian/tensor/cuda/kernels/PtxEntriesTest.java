// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The kernels of a PTX text and the sizes of their parameters. */
class PtxEntriesTest {
    @Test
    void parametersHaveTheSizesOfTheirTypes() {
        assertThat(PtxEntries.of(ProbeKernels.PTX))
                .containsEntry("add_scaled", List.of(8, 8, 4, 4))
                .containsEntry("fail", List.of())
                .containsEntry("ghost", List.of(8))
                .hasSize(6);
        assertThat(PtxEntries.of(".entry k(.param .u8 a, .param .f64 b, .param .align 8 .b8 c[24], .param .u64 .ptr"
                        + " .global .align 4 d)"))
                .containsEntry("k", List.of(1, 8, 24, 8));
    }

    @Test
    void commentsAndWhatLooksSimilarAreNoKernels() {
        assertThat(PtxEntries.of("// .entry no()\n/* .entry\n neither() */ .func f(.param .u32 a) {} .entry yes {}"))
                .containsOnlyKeys("yes");
    }

    @Test
    void anUnknownDeclarationIsNamed() {
        assertThatThrownBy(() -> PtxEntries.of(".entry k(.reg .u32 a)"))
                .hasMessage("kernel k: the parameter '.reg .u32 a' is not understood");
    }
}
