// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.tensor.cuda.emulation.FakeDriver;
import dev.jacobian.tensor.cuda.emulation.FakeDriverBuild;
import dev.jacobian.tensor.cuda.emulation.KernelSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens at the first load of drivers and libraries that do not fit; each test in a process of its own. */
class FirstLoadEmulatedTest {
    @TempDir
    private Path folder;

    private FakeDriver fake;

    @BeforeEach
    void build() {
        fake = FakeDriver.require();
    }

    private static List<String> load(Path libraries, Map<String, String> environment)
            throws IOException, InterruptedException {
        return LoadingProgram.run(libraries, jar -> true, environment);
    }

    private Path copyOfTheFake() throws IOException {
        for (String file : List.of("libcuda.so.1", "libcublas.so.13", "libcublasLt.so.13")) {
            Files.copy(fake.folder().resolve(file), folder.resolve(file));
        }
        return folder;
    }

    @Test
    void onTheClassPathEverythingLoads() throws IOException, InterruptedException {
        assertThat(load(fake.folder(), Map.of())).containsExactly("loaded libcublas.so.13", "loaded libcublas.so.13");
    }

    /** How tests of other modules come to the emulated device. */
    @Test
    void aProcessThatIsToldTheFolderUsesIt() throws IOException, InterruptedException {
        Path link = KernelSources.MODULE.resolve(FakeDriverBuild.LINK);
        assertThat(load(Path.of(""), Map.of("LD_LIBRARY_PATH", link.toString())))
                .containsExactly("loaded libcublas.so.13", "loaded libcublas.so.13");
        assertThat(load(Path.of(""), Map.of("JDK_JAVA_OPTIONS", "-D" + LibrarySearch.PROPERTY + "=" + link)))
                .containsExactly("loaded libcublas.so.13", "loaded libcublas.so.13");
    }

    @Test
    void aMistakeMayEndAProcessThatCannotAskForIt() throws IOException, InterruptedException {
        List<String> mistaken = List.of(fake.folder().toString(), "mistake");
        LoadingProgram.Ended kept = LoadingProgram.end(mistaken, jar -> true, Map.of());
        assertThat(kept.exit()).isZero();
        assertThat(kept.lines().getLast()).isEqualTo("a wait without a context gives 201");
        LoadingProgram.Ended ended =
                LoadingProgram.end(mistaken, jar -> true, Map.of("JACOBIAN_EMULATION_FAULTS", "fatal"));
        assertThat(ended.exit()).isEqualTo(86);
        assertThat(ended.lines()).contains("emulated device: cuCtxSynchronize on a thread without a context");
    }

    @Test
    void aDriverWithoutADeviceIsSaidEachTime() throws IOException, InterruptedException {
        assertThat(load(fake.folder(), Map.of("JACOBIAN_EMULATION_DEVICES", "0")))
                .hasSize(2)
                .allMatch(line -> line.startsWith("refused: starting the driver " + fake.folder())
                        && line.contains("CUDA_ERROR_NO_DEVICE; the driver sees no GPU: run nvidia-smi"));
    }

    @Test
    void aCublasNewerThanTheDriverIsNotLoaded() throws IOException, InterruptedException {
        assertThat(load(fake.folder(), Map.of("JACOBIAN_EMULATION_DRIVER_VERSION", "12040")))
                .hasSize(2)
                .allMatch(line -> line.startsWith("refused: the only cuBLAS found needs a newer driver: ")
                        && line.contains("driver for CUDA 12.4 at ")
                        && line.endsWith("pip install nvidia-cublas-cu12"));
    }

    @Test
    void aDriverOlderThanAnyUsableCublasIsToBeUpdated() throws IOException, InterruptedException {
        assertThat(load(fake.folder(), Map.of("JACOBIAN_EMULATION_DRIVER_VERSION", "11040")))
                .hasSize(2)
                .allMatch(line -> line.startsWith("refused: the driver for CUDA 11.4 at ")
                        && line.endsWith(" is too old; update the driver (525 or later, for CUDA 12)"));
    }

    @Test
    void aTruncatedCublasIsRefusedBeforeTheDynamicLinkerSeesIt() throws IOException, InterruptedException {
        Path cublas = copyOfTheFake().resolve("libcublas.so.13");
        byte[] whole = Files.readAllBytes(cublas);
        Files.write(cublas, Arrays.copyOf(whole, whole.length / 2));
        assertThat(load(folder, Map.of()))
                .hasSize(2)
                .allMatch(line -> line.startsWith("refused: no GPU can be used: no usable cuBLAS")
                        && line.contains("libcublas.so.13 is cut off"));
    }

    @Test
    void aLibraryThatIsAnotherOneIsRefused() throws IOException, InterruptedException {
        assumeTrue(CudaLibraries.find().cublas().isEmpty(), "a real cuBLAS would be loaded instead");
        copyOfTheFake();
        // None of cuBLAS's functions, and another name inside.
        Files.copy(
                folder.resolve("libcublasLt.so.13"),
                folder.resolve("libcublas.so.13"),
                StandardCopyOption.REPLACE_EXISTING);
        assertThat(load(folder, Map.of()))
                .hasSize(2)
                .allMatch(line -> line.startsWith(
                                "refused: JCuda's JCublas2 cannot be started with " + folder + "/libcublas.so.13")
                        && line.contains(": libcublas.so.13: cannot open")
                        && line.endsWith("reinstall that library's package and start again"));
    }

    @Test
    void aDriverLibraryWithoutADriverInsideIsRefused() throws IOException, InterruptedException {
        assumeTrue(CudaLibraries.find().drivers().isEmpty(), "a real driver would be loaded instead");
        copyOfTheFake();
        Files.copy(
                folder.resolve("libcublasLt.so.13"),
                folder.resolve("libcuda.so.1"),
                StandardCopyOption.REPLACE_EXISTING);
        assertThat(load(folder, Map.of()))
                .hasSize(2)
                .allMatch(line -> line.startsWith(
                                "refused: JCuda's JCudaDriver cannot be started with " + folder + "/libcuda.so.1")
                        && line.contains(": libcuda.so.1: cannot open"));
    }
}
