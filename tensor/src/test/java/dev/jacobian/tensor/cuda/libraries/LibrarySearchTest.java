// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.libraries.CudaLibraries.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where libraries are found on a machine made of empty folders, which one is taken, and what is said when none is. */
class LibrarySearchTest {
    /** The start of a shared library that needs nothing and maps nothing. */
    private static final byte[] LIBRARY = new byte[64];

    static {
        byte[] magic = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        System.arraycopy(magic, 0, LIBRARY, 0, magic.length);
        LIBRARY[16] = 3; // shared object
        LIBRARY[18] = 62; // x86-64
        LIBRARY[54] = 56; // size of a program header
    }

    @TempDir
    private Path root;

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void home() {
        environment.put("HOME", root.resolve("home/ada").toString());
    }

    private Path library(String path) throws IOException {
        return library(path, LIBRARY);
    }

    private Path library(String path, byte[] bytes) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes);
    }

    private LibrarySearch search() {
        return new LibrarySearch(root, environment, "");
    }

    private List<String> found(String stem) {
        return search().find(stem).stream()
                .map(library -> root.relativize(library.file()) + " " + library.origin())
                .toList();
    }

    @Test
    void everyPlaceIsLookedAtInOrder() throws IOException {
        library("usr/lib/x86_64-linux-gnu/libcublas.so.12");
        library("usr/local/cuda-12.9/lib64/libcublas.so.12");
        library("usr/local/cuda-12.10/lib64/libcublas.so.12");
        library("usr/local/nvidia/lib64/libcublas.so.13");
        library("chosen/lib64/libcublas.so.13");
        library("paths/libcublas.so.12");
        library("first/libcublas.so.12");
        library("cached/libcublas.so.12");
        library("etc/ld.so.cache", LinkerCacheTest.cache("/cached/libcublas.so.12", "/gone/libcublas.so.12"));
        library("env/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12");
        library("home/ada/.local/lib/python3.9/site-packages/nvidia/cu13/lib/libcublas.so.13");
        library("home/ada/.pyenv/versions/3.11.2/lib/python3.11/site-packages/nvidia/cublas/lib/libcublas.so.12");
        library("opt/conda/lib/python3.10/site-packages/nvidia/cublas/lib/libcublas.so.12");
        library("usr/local/lib/python3.11/dist-packages/nvidia/cublas/lib/libcublas.so.12");
        environment.put("CUDA_HOME", root.resolve("chosen").toString());
        environment.put("LD_LIBRARY_PATH", ":" + root.resolve("absent") + ":" + root.resolve("paths"));
        environment.put("VIRTUAL_ENV", root.resolve("env").toString());
        library("torch/lib/python3.12/site-packages/nvidia/cu13/lib/libcublas.so.13");
        library("none/lib/python3.12/site-packages/nvidia/cu13/lib/libcublas.so.13"); // there is no Python beside it
        assertThat(library("torch/bin/python3").toFile().setExecutable(true)).isTrue();
        environment.put("PATH", "relative::" + root.resolve("none/bin") + ":" + root.resolve("torch/bin"));

        List<String> found = new LibrarySearch(
                        root, environment, root.resolve("first").toString())
                .find("libcublas.so").stream()
                        .map(library -> root.relativize(library.file()) + " " + library.origin())
                        .toList();
        assertThat(found)
                .startsWith(
                        "first/libcublas.so.12 jacobian.cuda.libraries",
                        "paths/libcublas.so.12 LD_LIBRARY_PATH",
                        "chosen/lib64/libcublas.so.13 CUDA_HOME",
                        "usr/local/cuda-12.10/lib64/libcublas.so.12 toolkit",
                        "usr/local/cuda-12.9/lib64/libcublas.so.12 toolkit",
                        "usr/local/nvidia/lib64/libcublas.so.13 container",
                        "cached/libcublas.so.12 ld.so.cache",
                        "usr/lib/x86_64-linux-gnu/libcublas.so.12 system",
                        "env/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12 VIRTUAL_ENV",
                        "torch/lib/python3.12/site-packages/nvidia/cu13/lib/libcublas.so.13 python3 on PATH")
                .contains(
                        "home/ada/.local/lib/python3.9/site-packages/nvidia/cu13/lib/libcublas.so.13 pip",
                        "home/ada/.pyenv/versions/3.11.2/lib/python3.11/site-packages/nvidia/cublas/lib/libcublas.so.12"
                                + " pip",
                        "opt/conda/lib/python3.10/site-packages/nvidia/cublas/lib/libcublas.so.12 pip",
                        "usr/local/lib/python3.11/dist-packages/nvidia/cublas/lib/libcublas.so.12 pip")
                .hasSize(14);
    }

    @Test
    void otherNamesAreNotTaken() throws IOException {
        library("usr/lib64/libcublas.so");
        library("usr/lib64/libcublas.so.12.6.4.1");
        library("usr/lib64/libcublasLt.so.12");
        assertThat(found("libcublas.so")).isEmpty();
    }

    @Test
    void aMachineWithNothingIsToldWhatItNeeds() {
        CudaLibraries found = CudaLibraries.find(search());
        assertThat(found.driver()).isEmpty();
        assertThat(found.missing().stream().map(Missing::what))
                .containsExactly(
                        "no usable NVIDIA driver (libcuda.so.1)", "no usable cuBLAS (libcublas.so.12 or later)");
        assertThat(found.missing().stream().map(Missing::remedy))
                .anyMatch(remedy -> remedy.contains("--gpus all"))
                .anyMatch(remedy -> remedy.contains("pip install nvidia-cublas"));
        assertThat(found.lines()).hasSize(3).last().asString().startsWith("missing: no usable cuBLAS");
        assertThatThrownBy(() -> CudaLoader.cublas(found))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("no GPU can be used: no usable NVIDIA driver (libcuda.so.1); install it")
                .hasMessageContaining("Also: no usable cuBLAS");
    }

    @Test
    void aDriverThatIsNoneIsPassedOverAndNamed() throws IOException {
        Path truncated = library("paths/libcuda.so.1", new byte[] {0x7f, 'E', 'L', 'F'});
        environment.put("LD_LIBRARY_PATH", root.resolve("paths").toString());
        assertThat(CudaLibraries.find(search()).missing().get(0).what())
                .isEqualTo("no usable NVIDIA driver (libcuda.so.1); found " + truncated + " (LD_LIBRARY_PATH): "
                        + truncated + " is no shared library: it has 4 bytes");
        Path good = library("usr/lib64/libcuda.so.1");
        assertThat(CudaLibraries.find(search()).driver().map(FoundLibrary::file))
                .contains(good);
    }

    @Test
    void aCublasNeedsItsCompanionAndAnAge() throws IOException {
        library("usr/lib64/libcublas.so.11");
        library("usr/lib64/libcublas.so.12");
        List<FoundLibrary> cublas = CudaLibraries.find(search()).cublas();
        assertThat(cublas.get(0).fault()).isEqualTo("its companion libcublasLt.so.12 is not beside it");
        assertThat(cublas.get(1).fault()).isEqualTo("too old, CUDA 12 or later is needed");
        library("usr/lib64/libcublasLt.so.12", new byte[10]);
        assertThat(CudaLibraries.find(search()).cublas().get(0).fault()).contains("it has 10 bytes");
        library("usr/lib64/libcublasLt.so.12");
        assertThat(CudaLibraries.find(search()).cublas().get(0).usable()).isTrue();
    }

    @Test
    void theCublasIsNoNewerThanTheDriver() throws IOException {
        for (String file : List.of("libcublas.so.13", "libcublasLt.so.13")) {
            library("usr/local/cuda/lib64/" + file);
        }
        CudaLibraries newer = CudaLibraries.find(search());
        assertThat(newer.cublasFor(12)).isEmpty();
        assertThat(newer.cublasFor(13)).isPresent();
        for (String file : List.of("libcublas.so.12", "libcublasLt.so.12")) {
            library("usr/lib64/" + file);
        }
        CudaLibraries both = CudaLibraries.find(search());
        assertThat(both.cublasFor(12).map(FoundLibrary::major)).contains(12);
        assertThat(both.cublasFor(13).map(FoundLibrary::major)).contains(13);
        assertThat(both.cublasFor(11)).isEmpty();
    }

    @Test
    void aFolderThatDoesNotAnswerDoesNotHoldUpTheProgram() throws InterruptedException {
        CountDownLatch away = new CountDownLatch(1);
        CudaLibraries found = CudaLibraries.find(
                () -> {
                    try {
                        away.await();
                    } catch (InterruptedException interrupt) {
                        Thread.currentThread().interrupt();
                    }
                    return search();
                },
                1);
        away.countDown();
        assertThat(found.lines()).singleElement().asString().contains("a folder did not answer within 1 s");
        assertThat(found.driver()).isEqualTo(Optional.empty());
    }

    @Test
    void theSearchOfThisMachineEnds() {
        assertThat(CudaLibraries.find().stopped()).isEmpty();
    }

    @Test
    void nothingMayBeExecutedFromSomeMounts() {
        List<String> mounts = List.of(
                "overlay / overlay rw,relatime 0 0",
                "tmpfs /tmp tmpfs rw,noexec 0 0",
                "tmpfs /tmp/run tmpfs rw 0 0",
                "disk /my\\040disk ext4 rw,noexec 0 0",
                "nonsense");
        assertThat(NoExec.covers(Path.of("/tmp/x"), mounts)).isTrue();
        assertThat(NoExec.covers(Path.of("/tmp/run/x"), mounts)).isFalse();
        assertThat(NoExec.covers(Path.of("/tmpx"), mounts)).isFalse();
        assertThat(NoExec.covers(Path.of("/my disk/x"), mounts)).isTrue();
        assertThat(NoExec.covers(Path.of("/home"), List.of())).isFalse();
    }
}
