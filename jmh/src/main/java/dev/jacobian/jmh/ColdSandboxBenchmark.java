// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The same without a worker: each program builds its walls and starts its interpreter by itself. */
@State(Scope.Benchmark)
public class ColdSandboxBenchmark extends SandboxBenchmark {
    @Override
    @Setup
    public void setUp() {
        System.setProperty("jacobian.sandbox.warm", "false"); // read once, when the machine's protection is found
        super.setUp();
    }
}
