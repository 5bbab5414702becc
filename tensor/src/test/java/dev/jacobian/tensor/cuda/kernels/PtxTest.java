// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.cuda.emulation.EmulationLibrary;
import dev.jacobian.tensor.cuda.emulation.Exhaustive;
import dev.jacobian.tensor.cuda.emulation.KernelEmulator;
import dev.jacobian.tensor.cuda.emulation.KernelSources;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import dev.jacobian.tensor.cuda.emulation.Tools;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PTX texts that the library carries are made from the sources that the emulated device runs. */
class PtxTest {
    private static final Path ROOT = KernelSources.MODULE.getParent();
    private static final Path FOLDER =
            KernelSources.MODULE.resolve("src/main/resources/dev/jacobian/tensor/cuda/kernels");
    private static final String HINT = "run scripts/make-ptx.sh (needs nvcc)";

    /** A text that lies in a folder, the library's own or one that the script wrote. */
    private static String text(Path folder, String name) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(folder.resolve(name + ".ptx.gz")))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String text(String name) throws IOException {
        return text(FOLDER, name);
    }

    private static String variable(String script, String name) {
        Matcher value = Pattern.compile("(?m)^" + name + "='(.*)'$").matcher(script);
        assertThat(value.find()).as(name).isTrue();
        return value.group(1);
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void eachSourceHasItsText() throws IOException {
        List<String> expected = new ArrayList<>(List.of("index.txt"));
        KernelSources.names().forEach(name -> expected.add(name + ".ptx.gz"));
        assertThat(files(FOLDER)).as(HINT).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(new KernelTexts().names()).as("texts in the index; " + HINT).isEqualTo(KernelSources.names());
    }

    @Test
    void theyAreMadeFromTheseSources() throws IOException {
        String script = Files.readString(ROOT.resolve("scripts/make-ptx.sh"));
        String lastLines = "nvcc " + variable(script, "flags") + "\nsed " + variable(script, "edits");
        for (String name : KernelSources.names()) {
            String hash = KernelSources.hash(KernelSources.withHeaders(name), lastLines);
            assertThat(text(name).lines().findFirst().orElseThrow())
                    .as("%s.cu, what it includes, the flags or the edits have changed: %s", name, HINT)
                    .isEqualTo("// sha256 of sources, flags and edits: " + hash);
        }
    }

    @Test
    void theyDeclareWhatOldDriversAccept() throws IOException {
        for (String name : KernelSources.names()) {
            String ptx = text(name);
            assertThat(ptx).as(name).contains("\n.version 7.0\n", "\n.target sm_80\n");
            assertThat(ptx)
                    .as("%s: numbers round as the source says, on the device too", name)
                    .doesNotContain("mad.f32", ".ftz.f32\t");
        }
    }

    @Test
    void theyHaveTheKernelsAndParametersOfTheEmulatedDevice() throws IOException {
        Pattern entry = Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)");
        Pattern bits = Pattern.compile("\\.param \\.[a-z]+(\\d+) ");
        Map<String, String> ofPtx = new TreeMap<>();
        for (String name : KernelSources.names()) {
            for (MatchResult found : entry.matcher(text(name)).results().toList()) {
                ofPtx.put(
                        found.group(1),
                        bits.matcher(found.group(2))
                                .results()
                                .map(size -> String.valueOf(Integer.parseInt(size.group(1)) / 8))
                                .collect(Collectors.joining(",")));
            }
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
    void theyComeOutTheSameWhereTheyCanBeMade(@TempDir Path folder) throws IOException {
        Exhaustive.require();
        Optional<String> compiler = Tools.firstLine("nvcc", "--version");
        Assumptions.assumeTrue(compiler.isPresent(), "no nvcc, so the PTX cannot be made again");
        String release = Tools.run(List.of("nvcc", "--version"))
                .lines()
                .filter(line -> line.contains("release"))
                .findFirst()
                .orElseThrow();
        for (String name : KernelSources.names()) {
            String maker = text(name).lines().skip(1).findFirst().orElseThrow();
            Assumptions.assumeTrue(
                    maker.endsWith(release), "another nvcc than the one that made " + name + ".ptx: " + release);
        }
        Tools.run(List.of("bash", ROOT.resolve("scripts/make-ptx.sh").toString(), folder.toString()));
        assertThat(files(FOLDER)).as(HINT).isEqualTo(files(folder));
        assertThat(Files.readString(FOLDER.resolve("index.txt")))
                .as(HINT)
                .isEqualTo(Files.readString(folder.resolve("index.txt")));
        for (String name : KernelSources.names()) {
            assertThat(PtxOutline.of(text(name)))
                    .as("%s.ptx: %s", name, HINT)
                    .isEqualTo(PtxOutline.of(text(folder, name)));
        }
    }

    @Test
    void theyFitIntoRegisters(@TempDir Path folder) throws IOException {
        Exhaustive.require();
        Assumptions.assumeTrue(Tools.firstLine("ptxas", "--version").isPresent(), "no ptxas on this machine");
        String cubin = folder.resolve("cubin").toString();
        Path ptx = folder.resolve("text.ptx");
        for (String device : List.of("sm_80", "sm_90")) {
            for (String name : KernelSources.names()) {
                Files.writeString(ptx, text(name));
                List<String> spilling = Tools.run(
                                List.of("ptxas", "-arch=" + device, "-v", "-o", cubin, ptx.toString()))
                        .lines()
                        .filter(line -> line.contains("bytes spill") && !line.contains(" 0 bytes spill stores"))
                        .toList();
                assertThat(spilling)
                        .as("kernels of %s that spill registers on %s", name, device)
                        .isEmpty();
            }
        }
    }
}
