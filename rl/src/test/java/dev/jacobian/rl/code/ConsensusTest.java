// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ConsensusTest {

    @TestFactory
    List<DynamicTest> theGoldenProblems() throws IOException {
        return Files.readAllLines(TestPaths.testdata("rewards", "code", "k15_tests.jsonl")).stream()
                .map(line -> Json.parse(line, "k15_tests.jsonl"))
                .map(row -> DynamicTest.dynamicTest(
                        row.get("id").asText() + " " + row.get("kind").asText(), () -> check(row)))
                .toList();
    }

    private static void check(JsonNode row) {
        List<List<Optional<String>>> written = new ArrayList<>();
        for (JsonNode submission : row.get("submissions")) {
            List<Optional<String>> outputs = new ArrayList<>();
            submission.forEach(output -> outputs.add(Optional.ofNullable(output.textValue())));
            written.add(outputs);
        }
        Consensus consensus = Consensus.of(written, Consensus.Rule.KIMI);
        assertThat(consensus.keptTests()).isEqualTo(integers(row.get("expected_kept_tests")));
        List<String> outputs = new ArrayList<>();
        row.get("expected_outputs").forEach(output -> outputs.add(output.asText()));
        assertThat(consensus.outputs()).isEqualTo(outputs);
        assertThat(consensus.passing()).isEqualTo(integers(row.get("passing_submissions")));
        assertThat(consensus.problemKept()).isEqualTo(row.get("problem_kept").asBoolean());
    }

    private static List<Integer> integers(JsonNode array) {
        List<Integer> values = new ArrayList<>();
        array.forEach(value -> values.add(value.asInt()));
        return values;
    }

    @Test
    void aRuleMustLetOnlyOneOutputWin() {
        List<List<Optional<String>>> ten = Collections.nCopies(10, List.of(Optional.of("1")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Consensus.of(ten, new Consensus.Rule(5, 9)))
                .withMessageContaining("more than half");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Consensus.of(ten.subList(0, 6), Consensus.Rule.KIMI))
                .withMessageContaining("of 6 programs");
        List<List<Optional<String>>> ragged = new ArrayList<>(ten);
        ragged.set(3, List.of());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Consensus.of(ragged, Consensus.Rule.KIMI))
                .withMessageContaining("each of the 1 tests");
    }
}
