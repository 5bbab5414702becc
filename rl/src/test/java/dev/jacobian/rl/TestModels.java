// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;

/** Small trained models for tests. */
final class TestModels {
    private TestModels() {}

    static Path additionFolder() {
        return Path.of(System.getProperty("jacobian.testdata"), "models", "arith-qwen3");
    }

    /** A 103K-parameter Qwen3 that adds two numbers right a third of the time. */
    static CausalLM addition() {
        return CausalLM.load(additionFolder());
    }
}
