// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Without JCuda, or with half of it, the CPU works and the GPU says what is missing. */
class WithoutJcudaTest {
    @TempDir
    private Path empty;

    @Test
    void withoutItsClassesTheMessageNamesThem() throws IOException, InterruptedException {
        List<String> lines =
                LoadingProgram.run(empty, jar -> !jar.startsWith("jcuda") && !jar.startsWith("jcublas"), Map.of());
        assertThat(lines)
                .hasSize(2)
                .allMatch(line -> line.startsWith("refused: no GPU can be used: JCuda is not on the path")
                        && line.contains("org.jcuda:jcublas:12.6.0")
                        && line.contains("libcuda.so.1")
                        && line.contains("pip install nvidia-cublas"));
    }

    @Test
    void withoutItsNativesTheMessageNamesThem() throws IOException, InterruptedException {
        assertThat(LoadingProgram.run(empty, jar -> !jar.contains("natives"), Map.of()))
                .hasSize(2)
                .allMatch(line -> line.contains("JCuda's native libraries are not on the path")
                        && line.contains("org.jcuda:jcuda-natives:12.6.0:linux-x86_64"));
    }
}
