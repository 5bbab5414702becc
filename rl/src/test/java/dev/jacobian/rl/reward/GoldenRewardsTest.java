// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.FinishReason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The string rules of others' harnesses, against what these say themselves (lm-evaluation-harness). */
class GoldenRewardsTest {
    private static Completion completion(String text, String answer) {
        return new Completion("p", "", Columns.of("answer", answer), text, new int[0], FinishReason.STOP);
    }

    private static String text(JsonNode row, String field) {
        return row.get(field).textValue();
    }

    /** What a harness said, or nothing where it raised or there was nothing. */
    private static Optional<String> said(JsonNode row, String field) {
        return Optional.ofNullable(row.get(field).textValue()).filter(text -> !text.startsWith("exception:"));
    }

    @Test
    @DisplayName("the last box of a text and what is in it")
    void boxes() {
        for (JsonNode row : Jsonl.read(TestPaths.testdata("rewards", "boxed_lmeval.jsonl"))) {
            Optional<String> box = BoxedText.last(text(row, "text"));
            assertThat(box).as(row.toString()).isEqualTo(said(row, "last_boxed_only_string"));
            assertThat(box.flatMap(BoxedText::content)).as(row.toString()).isEqualTo(said(row, "remove_boxed"));
        }
    }

    @Test
    @DisplayName("Hendrycks' rules: the normal form, equality and the score, all of them")
    void hendrycks() {
        checkHendrycks(TestPaths.testdata("rewards", "math_hendrycks_lmeval.jsonl"), 672);
    }

    @Test
    @DisplayName("the same with answers of MATH-500 and GSM8K")
    void hendrycksOfDataSets() {
        checkHendrycks(TestPaths.shared("golden", "rewards", "math_hendrycks_lmeval.jsonl"), 752);
    }

    private static void checkHendrycks(Path file, int atLeast) {
        List<JsonNode> rows = Jsonl.read(file);
        assertThat(rows).hasSizeGreaterThanOrEqualTo(atLeast);
        for (JsonNode row : rows) {
            String gold = text(row, "gold");
            String answer = text(row, "answer");
            assertThat(HendrycksRules.normalised(gold)).as(row.toString()).isEqualTo(said(row, "gold_normalised"));
            assertThat(HendrycksRules.normalised(answer)).as(row.toString()).isEqualTo(said(row, "answer_normalised"));
            assertThat(HendrycksRules.isEqual(answer, gold))
                    .as(row.toString())
                    .isEqualTo(row.get("is_equiv").booleanValue());
            assertThat(HendrycksReward.DEFAULT.score(completion(text(row, "response"), gold)))
                    .as(row.toString())
                    .isEqualTo(Score.of(row.get("process_results").intValue()));
        }
    }

    @Test
    @DisplayName("Minerva's rules: the answer found and the normal form, all of them")
    void minerva() {
        checkMinerva(TestPaths.testdata("rewards", "math_minerva_lmeval.jsonl"), 518);
    }

    @Test
    @DisplayName("the same with answers of MATH-500 and GSM8K")
    void minervaOfDataSets() {
        checkMinerva(TestPaths.shared("golden", "rewards", "math_minerva_lmeval.jsonl"), 583);
    }

    private static void checkMinerva(Path file, int atLeast) {
        List<JsonNode> rows = Jsonl.read(file);
        assertThat(rows).hasSizeGreaterThanOrEqualTo(atLeast);
        List<String> unlike = new ArrayList<>();
        for (JsonNode row : rows) {
            String gold = text(row, "gold");
            Optional<String> found = MinervaRules.answer(text(row, "response"));
            assertThat(found.orElse("[invalidanswer]")).as(row.toString()).isEqualTo(text(row, "extracted"));
            assertThat(found.map(MinervaRules::normalised).orElse("[invalidanswer]"))
                    .as(row.toString())
                    .isEqualTo(text(row, "answer_normalised"));
            assertThat(MinervaRules.normalised(gold)).as(row.toString()).isEqualTo(text(row, "gold_normalised"));
            boolean right = MinervaReward.DEFAULT
                    .score(completion(text(row, "response"), gold))
                    .equals(Score.of(1));
            if (right && !row.get("is_equiv").booleanValue()) {
                unlike.add(row.toString());
            }
        }
        // SymPy fails on some texts that are the same letter by letter; beyond these it accepts all that we do.
        assertThat(unlike).hasSizeLessThan(rows.size() / 10);
    }

    @Test
    @DisplayName("GSM8K, strict and flexible: the number found and the verdict, all of them")
    void gsm8k() {
        Gsm8kReward flexible = new Gsm8kReward("answer", Gsm8kReward.Method.FLEXIBLE);
        List<JsonNode> rows = Jsonl.read(TestPaths.shared("golden", "rewards", "gsm8k_lmeval.jsonl"));
        assertThat(rows).hasSizeGreaterThan(400);
        for (JsonNode row : rows) {
            checkGsm8k(row, Gsm8kReward.DEFAULT, "strict");
            checkGsm8k(row, flexible, "flexible");
        }
    }

    private static void checkGsm8k(JsonNode row, Gsm8kReward reward, String method) {
        Explanation explanation = reward.explain(completion(text(row, "response"), text(row, "target")));
        assertThat(explanation.extracted().orElse("[invalid]"))
                .as(row.toString())
                .isEqualTo(text(row, method + "_extracted"));
        assertThat(explanation.score())
                .as(method + " " + row)
                .isEqualTo(Score.of(row.get(method + "_match").booleanValue() ? 1 : 0));
    }
}
