// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.jacobian.tensor.Device;
import dev.jacobian.testing.TestPaths;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is said of the device, with JCuda missing, as it is on the path of these tests. */
class DeviceChoiceTest {
    @Test
    void theCpuNeedsNoReason() {
        assertThat(new DeviceChoice(Optional.of(Device.CPU)).decide()).hasToString("cpu");
    }

    @Test
    void automaticallyMeansTheCpuWhereThereIsNoGpuAndSaysSo() {
        assumeFalse(GpuHardware.present(), "this machine has a GPU");
        Run run = Run.of("generate", "--model", TestPaths.model("llama-gqa"), "--prompt", "a", "--max-new-tokens", "1");
        run.result();
        assertThat(run.err()).contains("device cpu (auto: no NVIDIA GPU)");
    }

    @Test
    void aGpuThatWasAskedForIsNotReplaced() {
        Object[] command = {"generate", "--model", TestPaths.model("llama-gqa"), "--prompt", "a", "--device", "cuda:1"};
        assertThat(Run.of(command).failure(ExitCode.FAILED))
                .startsWith("device cuda:1 cannot be used: JCuda") // missing; the remedy depends on who started us
                .contains("'jacobian doctor'")
                .endsWith("--device cpu needs none of it");
    }

    @Test
    void commandsThatDoNotComputeLeaveTheDeviceAlone() {
        Run run = Run.of("inspect", "--model", TestPaths.model("llama-gqa"), "--device", "cuda");
        run.result();
        assertThat(run.err()).doesNotContain("device");
    }

    @Test
    void underTheLauncherJcudaIsOneCommandAway() {
        List<String> missing = List.of("JCuda is not on the path; add org.jcuda:jcuda", "no usable NVIDIA driver");
        assertThat(GpuAdvice.worded(missing, "")).isEqualTo(missing);
        assertThat(GpuAdvice.worded(missing, "/opt/jacobian"))
                .containsExactly(
                        "JCuda, the library for GPUs, is missing; run /opt/jacobian/scripts/gpu-libs.sh once",
                        "no usable NVIDIA driver");
        assertThat(GpuAdvice.worded(List.of("no usable NVIDIA driver"), "/opt/jacobian"))
                .containsExactly("no usable NVIDIA driver");
        assertThat(GpuAdvice.worded(List.of(), "/opt/jacobian")).isEmpty();
    }

    @Test
    void theCpuComputesInF32Only() {
        Object[] command = {"generate", "--model", TestPaths.model("llama-gqa"), "--prompt", "a", "--device", "cpu"};
        assertThat(Run.of(with(command, "--compute", "bf16")).failure(ExitCode.FAILED))
                .contains("--compute bf16 needs a GPU, the device is cpu. Leave it out; the CPU computes in F32");
        assertThat(Run.of(with(command, "--compute", "f8")).failure(ExitCode.USAGE))
                .contains("unknown type 'f8'; use f32, tf32 or bf16");
    }

    private static Object[] with(Object[] command, Object... more) {
        return Stream.concat(Stream.of(command), Stream.of(more)).toArray();
    }
}
