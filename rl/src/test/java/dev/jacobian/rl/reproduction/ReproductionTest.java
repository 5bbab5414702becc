// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The runner on an experiment that costs nothing. */
class ReproductionTest {
    private static final AtomicInteger MEASURED = new AtomicInteger();

    @TempDir
    Path folder;

    /** Gives its seed times a factor. */
    public record Seeded(double factor, String name) implements Claim {
        @Override
        public ClaimFacts about() {
            return new ClaimFacts(
                    "E99",
                    "Seeds | and factors",
                    "a < b & c",
                    new Paper("a paper", "1 | 2"),
                    "nothing",
                    "seed → factor",
                    List.of("nothing else"),
                    1);
        }

        @Override
        public Measured measure(long seed, Workshop workshop) {
            MEASURED.incrementAndGet();
            return Measured.builder()
                    .figure("product", (10 + seed) * factor)
                    .figure("nothing", Double.NaN)
                    .curve("line", new double[] {0, 1}, new double[] {seed, Double.NaN})
                    .build();
        }

        @Override
        public Rule rule() {
            return Rule.above("product", 0);
        }
    }

    private static Experiment experiment(double factor) {
        return new Experiment(new Seeded(factor, "full"), new Seeded(factor, "quick"), 1);
    }

    private Reproduction reproduction() {
        return new Reproduction(folder, message -> {});
    }

    @BeforeEach
    void begin() {
        MEASURED.set(0);
    }

    @Test
    @DisplayName("what is there is not measured again, and more seeds are added")
    void resumes() {
        ClaimOutcome three = reproduction().run(experiment(2), false, 3);
        assertThat(three.verdict()).isEqualTo(ClaimVerdict.REPRODUCED);
        ClaimOutcome five = reproduction().run(experiment(2), false, 5);
        assertThat(MEASURED).hasValue(5);
        assertThat(five.results().values("product")).containsExactly(22, 24, 26, 28, 30);
        assertThat(five.results().values("nothing")).containsOnly(Double.NaN);
        assertThat(five.results().seeds().getFirst().curves().get("line").y()).containsExactly(1, Double.NaN);
    }

    @Test
    @DisplayName("other settings are measured again; the two sizes do not meet")
    void settings() {
        reproduction().run(experiment(2), false, 3);
        assertThat(reproduction().run(experiment(3), false, 3).results().values("product"))
                .containsExactly(33, 36, 39);
        assertThat(MEASURED).hasValue(6);
        assertThat(reproduction().recorded(experiment(3), true)).isEmpty();
        assertThat(reproduction().recorded(experiment(2), false)).isEmpty();
        assertThat(reproduction().recorded(experiment(3), false)).isPresent();
    }

    @Test
    @DisplayName("a broken file is named with what to do")
    void broken() throws Exception {
        reproduction().run(experiment(2), false, 1);
        Path file = folder.resolve("full/E99/seed-1.json");
        Files.writeString(file, Files.readString(file).replaceFirst("(\"product\"\\s*:\\s*)22.0", "$1\"two\""));
        assertThatThrownBy(() -> reproduction().run(experiment(2), false, 1))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("seed-1.json")
                .hasMessageContaining("Delete the file");
        Files.writeString(file, "{\"format\":");
        assertThatThrownBy(() -> reproduction().run(experiment(2), false, 1))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("seed-1.json")
                .hasMessageContaining("Delete the file");
    }

    @Test
    @DisplayName("no seeds and two experiments in one are refused")
    void refused() {
        assertThatThrownBy(() -> reproduction().run(experiment(2), false, 0)).hasMessageContaining("at least 1 seed");
    }

    @Test
    @DisplayName("the JSON has claim, verdict and each figure with its interval and seeds")
    void json() {
        String json = reproduction().run(experiment(2), true, 3).toJson().toString();
        assertThat(json)
                .startsWith("{\"claim\":\"E99\"")
                .contains("\"verdict\":\"reproduced in direction\"", "\"size\":\"quick\"")
                .contains("\"product\":{\"mean\":24.0,\"low\":19.03", "\"seeds\":[22.0,24.0,26.0]}")
                .contains("\"seeds_vary\":\"the first model", "\"interval\":\"95 %, Student's t over seeds\"")
                .contains("\"settings\":{\"factor\":2.0,\"name\":\"quick\"}");
    }

    @Test
    @DisplayName("the document publishes what was measured in full, and says what was not")
    void table() {
        ClaimOutcome outcome = reproduction().run(experiment(2), false, 3);
        String measured = ReproductionTable.markdown(List.of(experiment(2)), one -> Optional.of(outcome));
        assertThat(measured)
                .contains("| [E99](#e99) Seeds \\| and factors | a paper | 1 \\| 2 | product: 24.0 [19.0, 29.0] |")
                .contains("**reproduced in direction**")
                .contains("| product | 24.0 [19.0, 29.0] | 22.0, 24.0, 26.0 |")
                .contains("Tried: nothing else");
        assertThat(measured)
                .contains("Of 1 claims 1 were measured in full: 1 reproduced in direction, 0 not reproduced");
        ClaimOutcome two = new ClaimOutcome(
                outcome.claim(), false, new Results(outcome.results().seeds().subList(0, 2)), 1);
        assertThat(ReproductionTable.markdown(List.of(experiment(2)), one -> Optional.of(two)))
                .contains("| not measured in full |"); // of fewer than three seeds nothing is published
        String missing = ReproductionTable.markdown(List.of(experiment(2)), one -> Optional.empty());
        assertThat(missing).contains("| not measured in full |").doesNotContain("reproduced in direction** |");
    }
}
