// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A GPU that cannot be used: {@code --device cuda} fails in one line that says why and what helps, {@code --device auto} says
 * the same and computes on the CPU.
 */
class FailingDeviceTest {
    private static final Object[] GENERATE = {
        "generate", "--model", TestPaths.model("arith-qwen3"), "--prompt", "12+34=", "--max-new-tokens", "2"
    };

    @TempDir
    Path folder;

    @BeforeAll
    static void emulation() {
        DeviceProcess.requireEmulation();
    }

    private static Object[] on(String device, Object... more) {
        Object[] all = Arrays.copyOf(GENERATE, GENERATE.length + 2 + more.length);
        all[GENERATE.length] = "--device";
        all[GENERATE.length + 1] = device;
        System.arraycopy(more, 0, all, GENERATE.length + 2, more.length);
        return all;
    }

    /** Both answers to one obstacle. */
    private void refused(DeviceProcess process, String... parts) throws IOException, InterruptedException {
        assertThat(process.run(on("cuda")).failure(ExitCode.FAILED)).contains(parts);
        Run automatic = process.run(on("auto"));
        assertThat(automatic.result()).isEqualTo("47\n");
        assertThat(automatic.err().lines()).as(automatic.err()).hasSize(1);
        assertThat(automatic.err())
                .contains("device cpu (auto: the GPU cannot be used: ")
                .contains(parts[0]);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "DEVICES | 0 | CUDA_ERROR_NO_DEVICE; the driver sees no GPU: run nvidia-smi",
                "DRIVER_VERSION | 12040 | the only cuBLAS found needs a newer driver",
                "DRIVER_VERSION | 11080 | is too old; update the driver (525 or later",
                "REFUSE | cuInit:0:803 | of different versions: reboot after the update",
                "REFUSE | cuInit:0:999 | CUDA_ERROR_UNKNOWN; the driver or the device does not answer: dmesg",
                "REFUSE | cuDevicePrimaryCtxRetain:0:46 | another process holds the device alone (nvidia-smi",
                "REFUSE | cuDevicePrimaryCtxRetain:0:2 | end other processes on the device (nvidia-smi lists them)",
                "REFUSE | cuModuleLoadDataEx:0:222 | CUDA_ERROR_UNSUPPORTED_PTX_VERSION; update the driver",
                "REFUSE | cublasCreate:0:1:9 | cuBLAS found too little free device memory, or does not fit the driver",
                "MEMORY | 16777216 | cuBLAS workspace needs 32.0 MiB, cuda:0 Emulated GPU 0",
            })
    @DisplayName("the driver refuses")
    void driver(String setting, String value, String message) throws IOException, InterruptedException {
        refused(DeviceProcess.in(folder).with(setting, value), message);
    }

    @Test
    @DisplayName("nothing of NVIDIA's is there")
    void noLibraries() throws IOException, InterruptedException {
        refused(
                DeviceProcess.in(folder).libraries(folder.resolve("none")),
                "no usable NVIDIA driver (libcuda.so.1)",
                "no usable cuBLAS",
                "--device cpu needs none of it");
    }

    @Test
    @DisplayName("cuBLAS is missing, cut off, of another machine, or another library")
    void cublas() throws IOException, InterruptedException {
        Path libraries = Files.createDirectory(folder.resolve("libraries"));
        for (String file : new String[] {"libcuda.so.1", "libcublasLt.so.13"}) {
            Files.copy(DeviceProcess.emulated().resolve(file), libraries.resolve(file));
        }
        DeviceProcess process = DeviceProcess.in(folder).libraries(libraries);
        refused(process, "no usable cuBLAS (libcublas.so.12 or later); pip install nvidia-cublas");
        Path cublas = libraries.resolve("libcublas.so.13");
        byte[] whole = Files.readAllBytes(DeviceProcess.emulated().resolve("libcublas.so.13"));
        Files.write(cublas, Arrays.copyOf(whole, whole.length / 2));
        refused(process, "libcublas.so.13 is cut off", "pip install");
        byte[] other = whole.clone();
        other[18] = (byte) 183; // e_machine: AArch64
        Files.write(cublas, other);
        refused(process, "libcublas.so.13 is not a shared library for 64-bit x86", "pip install");
        Files.write(cublas, Files.readAllBytes(libraries.resolve("libcublasLt.so.13")));
        refused(process, "JCublas2 cannot be started with " + cublas, "reinstall that library's package");
    }

    @Test
    @DisplayName("JCuda is missing, or its natives, or a folder to put them into")
    void jcuda() throws IOException, InterruptedException {
        refused(
                DeviceProcess.in(folder).jars(jar -> !name(jar).startsWith("jcu")),
                "JCuda is not on the path; add org.jcuda:jcuda");
        refused(
                DeviceProcess.in(folder).jars(jar -> !name(jar).contains("natives")),
                "JCuda's native libraries are not on the path; add org.jcuda:jcuda-natives");
        refused(
                DeviceProcess.in(folder).option("-Djava.io.tmpdir=/proc").option("-Duser.home=/proc"),
                "no folder for JCuda's native libraries",
                "name one with -Djacobian.cuda.tmpdir=DIR");
    }

    private static String name(Path jar) {
        return jar.getFileName().toString();
    }

    @Test
    @DisplayName("a device that does not exist, and one that is not one")
    void ordinal() throws IOException, InterruptedException {
        DeviceProcess process = DeviceProcess.in(folder);
        assertThat(process.run(on("cuda:1")).failure(ExitCode.FAILED))
                .startsWith("there is no device cuda:1; there are [cuda:0 Emulated GPU 0");
        assertThat(process.with("DEVICES", 2).run(on("cuda:1")).result()).isEqualTo("47\n");
        for (String device : new String[] {"cuda:", "cuda:x", "cuda:-1", "CUDA", "gpu", ""}) {
            assertThat(Run.of(on(device)).failure(ExitCode.USAGE))
                    .contains("unknown device '" + device + "'; use auto, cpu, cuda or cuda:N");
        }
    }

    @Test
    @DisplayName("a model that the device cannot hold or compute is refused before it is read")
    void model() throws IOException, InterruptedException {
        Path large = TestPaths.copyModel("arith-qwen3", folder);
        Object[] command = {"generate", "--model", large, "--prompt", "1", "--device", "cuda"};
        TestJson.edit(large.resolve("config.json"), config -> config.put("intermediate_size", 1_000_000));
        assertThat(DeviceProcess.in(folder).run(command).failure(ExitCode.FAILED))
                .matches("loading .* needs 1\\.\\d+ GiB for weights, cuda:0 has \\d+\\.\\d MiB free\\. What helps: .*");
        TestJson.edit(
                large.resolve("config.json"),
                config -> config.put("intermediate_size", 160).put("head_dim", 160));
        assertThat(DeviceProcess.in(folder).run(command).failure(ExitCode.FAILED))
                .endsWith("heads of 160 elements, cuda:0 computes with up to 128; use --device cpu");
    }

    @Test
    @DisplayName("BF16 without a GPU says where it came to compute")
    void bf16() throws IOException, InterruptedException {
        assertThat(DeviceProcess.in(folder)
                        .with("DEVICES", 0)
                        .run(on("auto", "--compute", "bf16"))
                        .failure(ExitCode.FAILED))
                .startsWith("--compute bf16 needs a GPU, the device is cpu (auto: the GPU cannot be used: ")
                .contains("CUDA_ERROR_NO_DEVICE");
    }
}
