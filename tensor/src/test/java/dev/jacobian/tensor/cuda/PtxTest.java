// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PTX that the library carries is made from the sources that the emulated device runs. */
class PtxTest {
    private static final Path ROOT = KernelSources.MODULE.getParent();
    private static final Path PTX =
            KernelSources.MODULE.resolve("src/main/resources/dev/jacobian/tensor/cuda/kernels.ptx");
    private static final String HINT = "run scripts/make-ptx.sh (needs nvcc)";

    @Test
    void isMadeFromTheseSources() throws IOException {
        String script = Files.readString(ROOT.resolve("scripts/make-ptx.sh"));
        Matcher flags = Pattern.compile("(?m)^flags='(.*)'$").matcher(script);
        assertThat(flags.find()).isTrue();
        String hash = KernelSources.hash(KernelSources.cuda(), "nvcc " + flags.group(1));
        assertThat(Files.readString(PTX).lines().findFirst().orElseThrow())
                .as("the kernels or their flags have changed: " + HINT)
                .isEqualTo("// sha256 of sources and flags: " + hash);
    }

    @Test
    void declaresWhatOldDriversAccept() throws IOException {
        String ptx = Files.readString(PTX);
        assertThat(ptx).contains("\n.version 7.0\n", "\n.target sm_80\n");
        assertThat(ptx)
                .as("numbers round as the source says, on the device too")
                .doesNotContain("mad.f32", ".ftz.f32\t");
    }

    @Test
    void hasTheKernelsAndParametersOfTheEmulatedDevice() throws IOException {
        Pattern entry = Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)");
        Pattern bits = Pattern.compile("\\.param \\.[a-z]+(\\d+) ");
        Map<String, String> ofPtx = new TreeMap<>();
        for (MatchResult found : entry.matcher(Files.readString(PTX)).results().toList()) {
            ofPtx.put(
                    found.group(1),
                    bits.matcher(found.group(2))
                            .results()
                            .map(size -> String.valueOf(Integer.parseInt(size.group(1)) / 8))
                            .collect(Collectors.joining(",")));
        }
        EmulationLibrary.get(); // skips without a compiler
        Set<String> probes = PtxEntries.of(ProbeKernels.PTX).keySet();
        Map<String, String> emulated = new TreeMap<>();
        for (String kernel : KernelEmulator.kernels()) {
            if (!kernel.startsWith("fault_") && !probes.contains(kernel)) {
                emulated.put(kernel, KernelEmulator.parameterSizes(kernel));
            }
        }
        assertThat(ofPtx).isEqualTo(emulated);
    }

    @Test
    void comesOutTheSameWhereItCanBeMade(@TempDir Path folder) throws IOException {
        List<String> lines = Files.readString(PTX).lines().limit(2).toList();
        Optional<String> compiler = Tools.firstLine("nvcc", "--version");
        Assumptions.assumeTrue(compiler.isPresent(), "no nvcc, so the PTX cannot be made again");
        String release = Tools.run(List.of("nvcc", "--version"))
                .lines()
                .filter(line -> line.contains("release"))
                .findFirst()
                .orElseThrow();
        Assumptions.assumeTrue(
                lines.get(1).endsWith(release), "another nvcc than the one that made the PTX: " + release);
        Path again = folder.resolve("kernels.ptx");
        Tools.run(List.of("bash", ROOT.resolve("scripts/make-ptx.sh").toString(), again.toString()));
        assertThat(Files.mismatch(PTX, again)).as(HINT).isEqualTo(-1);
    }

    @Test
    void fitsIntoRegisters(@TempDir Path folder) {
        Assumptions.assumeTrue(Tools.firstLine("ptxas", "--version").isPresent(), "no ptxas on this machine");
        for (String device : List.of("sm_80", "sm_90")) {
            String cubin = folder.resolve(device).toString();
            List<String> spilling = Tools.run(List.of("ptxas", "-arch=" + device, "-v", "-o", cubin, PTX.toString()))
                    .lines()
                    .filter(line -> line.contains("bytes spill") && !line.contains(" 0 bytes spill stores"))
                    .toList();
            assertThat(spilling).as("kernels that spill registers on " + device).isEmpty();
        }
    }
}
