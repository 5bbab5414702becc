// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.driver.CudaException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The index of the kernels says what is in the texts, and what it does not say is an error that says so. */
class KernelTextsTest {
    @Test
    void theIndexIsThatOfTheTexts() {
        KernelTexts texts = new KernelTexts();
        Map<String, String> found = new HashMap<>();
        for (String name : texts.names()) {
            for (String kernel : PtxEntries.of(KernelTexts.read(name)).keySet()) {
                assertThat(found.put(kernel, name))
                        .as("another text with the kernel %s of %s", kernel, name)
                        .isNull();
            }
        }
        assertThat(texts.textOfKernel()).isEqualTo(found);
    }

    @Test
    void aKernelIsLookedUp() {
        KernelTexts texts = new KernelTexts("b_f32 b\na_f32 a\na_bf16 a\n");
        assertThat(texts.textOf("a_bf16")).isEqualTo("a");
        assertThat(texts.names()).containsExactly("a", "b");
        assertThatThrownBy(() -> texts.textOf("c_f32"))
                .isInstanceOf(CudaException.class)
                .hasMessage("there is no kernel c_f32; build the program again, after scripts/make-ptx.sh if its"
                        + " kernels changed");
    }

    @Test
    void anIndexThatCannotBeIsRefused() {
        assertThatThrownBy(() -> new KernelTexts("a_f32 a\na_f32 b\n"))
                .hasMessage("the kernel a_f32 is in a.ptx and in b.ptx; rename one of them");
        assertThatThrownBy(() -> new KernelTexts("a_f32 a\n<<<<<<< of a\n"))
                .hasMessageStartingWith("the index of the kernels has the line '<<<<<<< of a'");
        assertThatThrownBy(() -> new KernelTexts("a_f32\n")).hasMessageContaining("has the line 'a_f32'");
        assertThatThrownBy(() -> KernelTexts.read("nothing"))
                .hasMessageStartingWith("the program has no kernels/nothing.ptx.gz;");
    }
}
