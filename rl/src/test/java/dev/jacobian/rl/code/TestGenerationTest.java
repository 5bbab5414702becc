// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.sandbox.Language;
import dev.jacobian.rl.sandbox.Limits;
import dev.jacobian.rl.sandbox.Program;
import dev.jacobian.rl.sandbox.Sandbox;
import dev.jacobian.rl.sandbox.Sandboxes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestGenerationTest {
    private static final Program GENERATOR = new Program(Language.shell(), """
        read run
        [ "$run" = "$1" ] || exit 9
        case $1 in 2) exit 1 ;; 3) echo 100 ;; 4) echo 7 ;; *) echo $((run * 7)) ;; esac
        """);
    private static final Program DOUBLE = new Program(Language.shell(), "read n; echo $((2 * n))");
    private static final Program WRONG_BEYOND_50 =
            new Program(Language.shell(), "read n; [ $n -lt 50 ] || n=50; echo $((2 * n))");
    private static final Program BROKEN = new Program(Language.shell(), "exit 1");

    private static TestGeneration.Generated generate(int right, int nearlyRight, int broken) {
        List<Program> programs = new ArrayList<>(Collections.nCopies(right, DOUBLE));
        programs.addAll(Collections.nCopies(nearlyRight, WRONG_BEYOND_50));
        programs.addAll(Collections.nCopies(broken, BROKEN));
        try (Sandbox sandbox = Sandboxes.isolated()) {
            return new TestGeneration(sandbox, Limits.DEFAULT.withCpu(2), Consensus.Rule.KIMI)
                    .generate(GENERATOR, 5, programs);
        }
    }

    @Test
    void testsOnWhichSevenOfTenAgreeAreKeptIfNinePassThem() {
        TestGeneration.Generated generated = generate(7, 2, 1);
        assertThat(generated.inputs())
                .containsExactly("7\n", "100\n", "35\n"); // the second failed, the fourth was the first again
        assertThat(generated.failed()).isEqualTo(1);
        assertThat(generated.consensus().keptTests()).containsExactly(0, 1, 2);
        assertThat(generated.consensus().passing()).hasSize(7);
        assertThat(generated.tests()).isEmpty(); // seven of ten pass 100, and that is not enough
    }

    @Test
    void aTestOnWhichTheyDisagreeIsDroppedAndTheRestKept() {
        TestGeneration.Generated generated = generate(6, 3, 1);
        assertThat(generated.consensus().keptTests()).containsExactly(0, 2);
        assertThat(generated.tests()).containsExactly(new TestCase("7\n", "14"), new TestCase("35\n", "70"));
    }
}
