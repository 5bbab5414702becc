// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessTreeTest {
    /** A shell, a child, and a child of that which burns a little and then waits. */
    @Test
    void aTreeIsTheSameWhereTheKernelDoesNotTellChildren() throws Exception {
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "(i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sh -c 'echo ready; read line; :'; :); :")
                .start();
        try (BufferedReader output = process.inputReader()) {
            assertThat(output.readLine()).isEqualTo("ready");
            ProcessTree told = new ProcessTree(process.pid());
            ProcessTree found = new ProcessTree(process.pid(), false);
            List<Long> members = told.members();
            assertThat(members).hasSizeGreaterThanOrEqualTo(2).startsWith(process.pid());
            assertThat(found.members()).containsExactlyInAnyOrderElementsOf(members);
            assertThat(found.usage().memoryBytes()).isPositive();
            assertThat(told.usage().cpuSeconds())
                    .isPositive()
                    .isEqualTo(found.usage().cpuSeconds());
            assertThat(told.delayedSeconds()).isNotNegative();
            assertThat(ProcessTree.ofUser(Tools.userId()).processes()).containsAll(members);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
    }
}
