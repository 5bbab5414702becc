// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Gpus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What keeps a GPU from being used, in the words of the command line: under the launcher JCuda comes by one command, whereas
 * the library can only name the artifacts that a project of one's own would add.
 */
final class GpuAdvice {
    private GpuAdvice() {}

    /** What files tell, without loading anything. */
    static List<String> obstacles() {
        return worded(Gpus.obstacles(), System.getProperty("jacobian.home", ""));
    }

    /** What a survey found missing. */
    static List<String> of(Gpus gpus) {
        return worded(gpus.missing(), System.getProperty("jacobian.home", ""));
    }

    /**
     * The sentences with the launcher's remedy for JCuda.
     *
     * @param home the launcher's folder; empty if it was not the launcher that started this
     */
    static List<String> worded(List<String> missing, String home) {
        List<String> worded = new ArrayList<>(missing);
        if (!home.isEmpty() && !worded.isEmpty() && worded.getFirst().startsWith("JCuda")) {
            worded.set(
                    0,
                    "JCuda, the library for GPUs, is missing; run " + Path.of(home, "scripts", "gpu-libs.sh")
                            + " once");
        }
        return worded;
    }
}
