// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.emulation.FakeDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading: once, from private copies, leaving nothing behind. */
class LoaderEmulatedTest {
    @TempDir
    private Path folder;

    private FakeDriver fake;

    @BeforeEach
    void load() {
        fake = FakeDriver.require();
    }

    @AfterEach
    void forgetTheFolder() {
        System.clearProperty(JcudaNatives.FOLDER_PROPERTY);
    }

    @Test
    void everythingIsFoundAndReported() {
        CudaLibraries found = fake.libraries();
        assertThat(found.missing()).isEmpty();
        assertThat(found.lines())
                .containsExactly(
                        "JCuda 12.6.0 with natives",
                        "driver " + fake.folder().resolve("libcuda.so.1") + " (jacobian.cuda.libraries)",
                        "cuBLAS 13 " + fake.folder().resolve("libcublas.so.13") + " (jacobian.cuda.libraries)");
    }

    @Test
    void loadingAgainGivesWhatIsLoaded() {
        assertThat(CudaLoader.driver(fake.libraries()).version()).isEqualTo(13000);
        CudaLibraries nothing = CudaLibraries.find(new LibrarySearch(folder, Map.of(), ""));
        assertThat(CudaLoader.driver(nothing).library().file())
                .isEqualTo(fake.folder().resolve("libcuda.so.1"));
    }

    @Test
    void theNativesAreStartedFromAPrivateFolderThatIsGoneAfterwards() throws IOException {
        System.setProperty(JcudaNatives.FOLDER_PROPERTY, folder.toString());
        String before = System.getProperty("java.io.tmpdir");
        AtomicReference<String> during = new AtomicReference<>();
        byte[] bytes = {1, 2, 3};
        JcudaNatives.start("JCudaDriver", bytes, () -> {
            Path inside = Path.of(System.getProperty("java.io.tmpdir"));
            during.set(inside.toString());
            try {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(inside)))
                        .isEqualTo("rwx------");
                assertThat(Files.readAllBytes(inside.resolve("libJCudaDriver-12.6.0-linux-x86_64.so")))
                        .isEqualTo(bytes);
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
        assertThat(Path.of(during.get()).getParent()).isEqualTo(folder);
        assertThat(System.getProperty("java.io.tmpdir")).isEqualTo(before);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void afterAFailedStartTheFolderIsGoneAndThePropertyBack() throws IOException {
        System.setProperty(JcudaNatives.FOLDER_PROPERTY, folder.toString());
        String before = System.getProperty("java.io.tmpdir");
        assertThatThrownBy(() -> JcudaNatives.start("JCublas2", new byte[10], () -> {
                    throw new UnsatisfiedLinkError("no");
                }))
                .isInstanceOf(UnsatisfiedLinkError.class);
        assertThat(System.getProperty("java.io.tmpdir")).isEqualTo(before);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void anotherThreadsTemporaryFileStays() throws IOException {
        System.setProperty(JcudaNatives.FOLDER_PROPERTY, folder.toString());
        AtomicReference<Path> theirs = new AtomicReference<>();
        JcudaNatives.start("JCudaDriver", new byte[10], () -> {
            try {
                theirs.set(Files.createTempFile(Path.of(System.getProperty("java.io.tmpdir")), "theirs", ""));
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
        assertThat(theirs.get()).exists();
    }
}
