// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Gpus;
import dev.jacobian.tensor.cuda.libraries.CudaLibraries;
import dev.jacobian.tensor.cuda.libraries.FoundLibrary;
import dev.jacobian.tensor.cuda.libraries.LibrarySearch;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The survey of machines that lack something, where nothing may be loaded. */
class GpuSurveyTest {
    @TempDir
    private Path root;

    @Test
    void anEmptyMachineLacksDriverAndCublas() {
        Gpus gpus = GpuSurvey.take(CudaLibraries.find(new LibrarySearch(root, Map.of(), "")));
        assertThat(gpus.usable()).isFalse();
        assertThat(gpus.devices()).isEmpty();
        assertThat(gpus.driver()).isEmpty();
        assertThat(gpus.cublas()).isEmpty();
        assertThat(gpus.jcuda()).contains("12.6.0");
        assertThat(gpus.kernels()).isEqualTo("7.0");
        assertThat(gpus.missing()).hasSize(2);
        assertThat(gpus.missing().getFirst()).contains("libcuda.so.1").contains("apt install");
        assertThat(gpus.missing().getLast()).contains("libcublas.so.12").contains("pip install nvidia-cublas");
        assertThat(gpus.report())
                .containsSubsequence("JCuda 12.6.0", "kernels in PTX 7.0")
                .last()
                .asString()
                .startsWith("missing: no usable cuBLAS");
    }

    @Test
    void withoutJcudaThatComesFirstAndADriverIsNotTouched() {
        FoundLibrary driver = new FoundLibrary(root.resolve("libcuda.so.1"), "system", 1, "");
        FoundLibrary cublas = new FoundLibrary(root.resolve("libcublas.so.13"), "pip", 13, "");
        Gpus gpus = GpuSurvey.take(new CudaLibraries(Optional.empty(), false, List.of(driver), List.of(cublas), ""));
        assertThat(gpus.jcuda()).isEmpty();
        assertThat(gpus.missing()).hasSize(1).first().asString().startsWith("JCuda is not on the path; add org.jcuda");
        assertThat(gpus.driver()).contains(new Gpus.Library(driver.file(), Optional.empty()));
        assertThat(gpus.cublas()).contains(new Gpus.Library(cublas.file(), Optional.empty()));
        assertThat(gpus.usable()).isFalse();
    }

    @Test
    void halfOfJcudaIsNone() {
        Gpus gpus = GpuSurvey.take(new CudaLibraries(Optional.of("12.6.0"), false, List.of(), List.of(), ""));
        assertThat(gpus.jcuda()).isEmpty();
        assertThat(gpus.missing().getFirst()).startsWith("JCuda's native libraries are not on the path");
    }

    @Test
    void cublasVersionsAreNumbersInNumbers() {
        assertThat(GpuSurvey.versionText(130100)).isEqualTo("13.1.0");
        assertThat(GpuSurvey.versionText(120604)).isEqualTo("12.6.4");
    }
}
