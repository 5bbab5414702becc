// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.reward.RewardException;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the tools find, keep and write. */
class PromptSetTest {
    @TempDir
    Path folder;

    private Rows rows(String... lines) throws IOException {
        return Rows.of(Files.writeString(folder.resolve("data.jsonl"), String.join("\n", lines) + "\n"));
    }

    private static String prompt(String text) {
        return "{\"prompt\":\"" + text + "\"}";
    }

    private static List<Boolean> kept(List<Finding> findings) {
        return findings.stream().map(Finding::kept).toList();
    }

    @Test
    void copiesAreDroppedAndTheFirstStays() throws IOException {
        String long1 =
                "Ann has three red apples and gives two of them to Bob who eats one. How many apples are left in all?";
        Rows data = rows(
                prompt(long1),
                prompt("What is 2 + 2?"),
                prompt(long1.toUpperCase()),
                prompt(long1.replace("Ann has", "Ann, has ")),
                prompt(long1.replace("in all", "in total")),
                prompt("what IS 2+2"),
                prompt("What is 2 + 3?"),
                prompt(long1.replace("red", "green").replace("eats", "sells")));
        List<Finding> findings = new Duplicates(0.8).find(data);
        assertThat(findings.stream().map(Finding::bin))
                .containsExactly(
                        "unique", "unique", "exact copy", "exact copy", "near copy", "exact copy", "unique", "unique");
        assertThat(findings.get(4).columns().get("duplicate_of_row").intValue()).isEqualTo(1);
        // Runs of three words: 20 of each, of which the last one differs, so 19 of 21 are shared.
        assertThat(findings.get(4).columns().get("similarity").doubleValue()).isEqualTo(19 / 21.0);
        assertThat(kept(new Duplicates(1).find(data)))
                .containsExactly(true, true, false, false, true, false, true, true);
    }

    @Test
    void nearCopiesAreFoundAmongMany() throws IOException {
        // 400 texts of 40 words, and of each fourth one a copy with one word changed: 3 of 38 runs differ, 35 of 41 are
        // shared.
        String[] lines = IntStream.range(0, 500)
                .mapToObj(i -> {
                    int of = i < 400 ? i : (i - 400) * 4;
                    StringBuilder text = new StringBuilder();
                    for (int w = 0; w < 40; w++) {
                        text.append(i >= 400 && w == 20 ? "other" : "w" + (of * 7919 + w * w * 31) % 9973)
                                .append(' ');
                    }
                    return prompt(text.toString());
                })
                .toArray(String[]::new);
        List<Finding> findings = new Duplicates(0.8).find(rows(lines));
        assertThat(findings.subList(0, 400)).allMatch(Finding::kept);
        assertThat(findings.subList(400, 500)).noneMatch(Finding::kept);
        for (int i = 400; i < 500; i++) {
            assertThat(findings.get(i).columns().get("duplicate_of_row").intValue())
                    .isEqualTo((i - 400) * 4 + 1);
        }
    }

    @Test
    void runsOfOtherSetsAreFound() throws IOException {
        Path other = Files.writeString(
                folder.resolve("test.csv"),
                "question,answer\n\"A train leaves at noon, and arrives at five. How long?\",5\nWhy?,x\n");
        Decontamination tool = new Decontamination(List.of(Rows.of(other)), 5, 0);
        List<Finding> findings = tool.find(rows(
                prompt("A TRAIN leaves at noon and stops."),
                prompt("A train leaves at night and arrives at five, how far?"),
                prompt("Nothing of the kind is asked here."),
                prompt("why"),
                prompt("Why not?")));
        // Of 7 words 3 runs, the last of them new; of 11 words 7, of which "and arrives at five how" alone is shared.
        assertThat(findings.stream().map(f -> f.columns().get("overlap").doubleValue()))
                .containsExactly(2 / 3.0, 1 / 7.0, 0.0, 1.0, 0.0);
        assertThat(kept(findings)).containsExactly(false, false, true, false, true);
        assertThat(kept(new Decontamination(List.of(Rows.of(other)), 5, 0.2)
                        .find(rows(prompt("A train leaves at night and arrives at five, how far?")))))
                .containsExactly(true);
        assertThat(new Decontamination(List.of(Rows.of(other)), 1, 0).find(rows(prompt("train zebra"))))
                .as("a half is in the bin that says so")
                .extracting(Finding::bin)
                .containsExactly("≤ 0.5");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        What is the value of x if 2x = 6? | 3 | open
        Which is prime?\\nA. 4\\nB. 7\\nC. 9 | B | multiple_choice
        Which is prime? (A) 4 (B) 7 (C) 9 (D) 8 | 7 | multiple_choice
        Pick one: A) x B) y | A | multiple_choice
        Which of the following is even? | C | multiple_choice
        Let A. be a point and B a line. Find AB. | 4 | open
        True or false: 7 is prime. | 1 | true_false
        Is 91 prime? | No | true_false
        Prove that there are infinitely many primes. | x | proof
        Let n be even. Show that n^2 is even. | x | proof
        Let f be odd. (a) Find f(0). (b) Prove that f is bounded. | 0 | proof
        The bakery wants to show its cakes; how many fit on 3 shelves of 4? | 12 | open
        Points A, B and C lie on a line. AB = 2 and BC = 3. Find AC. | 5 | open
        """)
    void formatsAreTold(String prompt, String answer, String format) {
        assertThat(GuessableFormats.format(prompt.replace("\\n", "\n"), answer)).isEqualTo(format);
    }

    @Test
    void tagsGetTheSameShare() throws IOException {
        String[] lines = IntStream.range(0, 100)
                .mapToObj(i -> "{\"prompt\":\"p" + i + "\",\"subject\":\"" + (i < 3 ? "rare" : i < 20 ? "some" : "many")
                        + "\"}")
                .toArray(String[]::new);
        Rows data = rows(lines);
        Distribution balanced =
                Distribution.of(new Coverage("subject", 30, 1), new Coverage("subject", 30, 1).find(data));
        assertThat(balanced.bins())
                .containsExactly(
                        new Distribution.Bin("many", 80, 13),
                        new Distribution.Bin("rare", 3, 3),
                        new Distribution.Bin("some", 17, 14));
        assertThat(kept(new Coverage("subject", 30, 1).find(data)))
                .isEqualTo(kept(new Coverage("subject", 30, 1).find(data)));
        assertThat(kept(new Coverage("subject", 30, 1).find(data)))
                .isNotEqualTo(kept(new Coverage("subject", 30, 2).find(data)));
        assertThat(new Coverage("subject", 1000, 1).find(data)).allMatch(Finding::kept);
        assertThatThrownBy(() -> new Coverage("subjekt", 30, 1).find(data))
                .hasMessageContaining("no row has the column 'subjekt'");
    }

    @Test
    void newDataHasWhatWasMeasured() throws IOException {
        Rows data = rows(
                "{\"prompt\":\"Prove that 1 = 1.\",\"answer\":\"-\"}",
                "{\"prompt\":\"1 + 1?\",\"answer\":2,\"more\":{\"x\":[1]}}",
                "{\"prompt\":[{\"role\":\"user\",\"content\":\"yes or no?\"}],\"answer\":\"x\"}");
        Path out = folder.resolve("new.jsonl");
        PromptSet.Result result = PromptSet.run(new GuessableFormats("answer"), data, out, false);
        assertThat(Files.readString(out))
                .isEqualTo("{\"prompt\":\"1 + 1?\",\"answer\":2,\"more\":{\"x\":[1]},\"format\":\"open\"}\n");
        assertThat(result.distribution().kept()).isEqualTo(1);
        assertThat(Files.readString(result.picture()))
                .startsWith("<svg ")
                .contains("3 rows of", "1 are kept", ">proof<", ">true_false<");
        PromptSet.run(new GuessableFormats("answer"), data, out, true);
        List<JsonNode> all = Jsonl.read(out);
        assertThat(all).extracting(row -> row.get("kept").booleanValue()).containsExactly(false, true, false);
        byte[] first = Files.readAllBytes(out);
        PromptSet.run(new GuessableFormats("answer"), data, out, true);
        assertThat(Files.readAllBytes(out)).isEqualTo(first);
    }

    @Test
    void dataIsNeverWrittenOver() throws IOException {
        Rows data = rows(prompt("x"));
        assertThatThrownBy(() -> PromptSet.run(new Duplicates(0.8), data, folder.resolve("data.jsonl"), false))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("it is the data that is read");
        assertThatThrownBy(() -> PromptSet.run(new Duplicates(0.8), data, folder.resolve("new.csv"), false))
                .hasMessageContaining("ends in .jsonl");
        assertThatThrownBy(() -> PromptSet.run(
                        new Duplicates(0.8), rows("{\"question\":\"x\"}"), folder.resolve("n.jsonl"), false))
                .hasMessageContaining("data.jsonl, row 1")
                .hasMessageContaining("'prompt' must be a string");
        assertThat(folder.resolve("n.jsonl")).doesNotExist();
    }

    private static SampledPrompts completions(CausalLM model, Task task, GenerationConfig generation) {
        return new SampledPrompts(model, task, 8, generation, RewardCallConfig.DEFAULT, SampledPrompts.Progress.NONE);
    }

    @Test
    @DisplayName("a completion that a reward fails on is neither right nor wrong, and said; too many end the tool")
    void failuresOfRewards() throws IOException {
        CausalLM model = CausalLM.load(TestPaths.model("arith-qwen3"));
        Rows data = rows("{\"prompt\":\"1 + 1 = \"}", "{\"prompt\":\"7 + 5 = \"}");
        AtomicInteger calls = new AtomicInteger();
        WeightedRewards rewards = WeightedRewards.of(RewardFunction.named("moody", completion -> {
            if (calls.getAndIncrement() == 3) {
                throw new IllegalStateException("nonsense");
            }
            return Score.of(1);
        }));
        JsonlTask problems = JsonlTask.of(data, rewards, false);
        GenerationConfig generation = GenerationConfig.sampling(4, 1f, 5);
        List<String> said = new ArrayList<>();
        SampledPrompts.Progress progress = new SampledPrompts.Progress() {
            @Override
            public void say(String message) {
                said.add(message);
            }
        };
        SampledPrompts completions =
                new SampledPrompts(model, problems, 8, generation, RewardCallConfig.DEFAULT, progress);
        List<Finding> findings = new Difficulty(completions, problems, 0, 1).find(data);
        assertThat(findings).extracting(Finding::bin).containsExactlyInAnyOrder("7/7", "8/8");
        assertThat(findings)
                .allMatch(finding -> finding.columns().get("pass_rate").doubleValue() == 1);
        assertThat(said).singleElement().asString().contains("1 of 16 completions could not be judged", "nonsense");
        WeightedRewards dead = WeightedRewards.of(RewardFunction.named("dead", completion -> {
            throw new IllegalStateException("gone");
        }));
        JsonlTask hopeless = JsonlTask.of(data, dead, false);
        assertThatThrownBy(() -> new Difficulty(completions(model, hopeless, generation), hopeless, 0, 1).find(data))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("more than 2 of 16 samples have no reward")
                .hasMessageContaining("gone");
    }

    @Test
    @DisplayName("a column of somebody's own is never replaced")
    void columnsOfTheData() throws IOException {
        Rows data = rows(
                "{\"prompt\":\"a\",\"tag\":\"mine\",\"subject\":\"x\",\"kept\":5}",
                "{\"prompt\":\"b\",\"tag_2\":1,\"subject\":\"y\"}");
        PromptSet.Result result = PromptSet.run(new Coverage("subject", 2, 1), data, folder.resolve("n.jsonl"), true);
        assertThat(result.renamed()).isEqualTo(Map.of("tag", "tag_3", "kept", "kept_2"));
        assertThat(Files.readAllLines(folder.resolve("n.jsonl")))
                .containsExactly(
                        "{\"prompt\":\"a\",\"tag\":\"mine\",\"subject\":\"x\",\"kept\":5,\"tag_3\":\"x\",\"tag_rows\":1,"
                            + "\"kept_2\":true}",
                        "{\"prompt\":\"b\",\"tag_2\":1,\"subject\":\"y\",\"tag_3\":\"y\",\"tag_rows\":1,\"kept_2\":true}");
        Rows tagged = rows("{\"prompt\":\"a\",\"tag\":7}");
        PromptSet.run(new Coverage("tag", 2, 1), tagged, folder.resolve("t.jsonl"), false);
        assertThat(Files.readString(folder.resolve("t.jsonl")))
                .isEqualTo("{\"prompt\":\"a\",\"tag\":7,\"tag_rows\":1}\n");
    }

    @Test
    @DisplayName("the picture is XML whatever labels hold")
    void pictureOfControlCharacters() throws IOException {
        Rows data = rows("{\"prompt\":\"a\",\"s\":\"\\u0000\\u001b[31m<&\"}", "{\"prompt\":\"b\",\"s\":\"\\uffff\"}");
        PromptSet.Result result = PromptSet.run(new Coverage("s", 2, 1), data, folder.resolve("c.jsonl"), false);
        String picture = Files.readString(result.picture());
        assertThat(picture).contains("\\u0000\\u001b[31m&lt;&amp;", ">\uFFFD<");
        assertThat(picture.chars()).allMatch(c -> c == '\n' || c >= ' ' && c < 0xFFFE); // what XML 1.0 allows of these
    }

    @Test
    void passRatesAndGuessesComeFromTheModel() throws IOException {
        CausalLM model = CausalLM.load(TestPaths.model("arith-qwen3"));
        String[] lines = {
            "{\"prompt\":\"1 + 1 = \",\"answer\":\"2\"}",
            "{\"prompt\":\"7 + 5 = \",\"answer\":\"12\"}",
            "{\"prompt\":\"3 + 4 = \",\"answer\":\"7\",\"id\":\"last\"}"
        };
        // Half of all tokens are right, so that rates are neither all nothing nor all one.
        WeightedRewards rewards = WeightedRewards.of(RewardFunction.named(
                "even", completion -> Score.of(1 - completion.tokenIds()[0] % 2)));
        GenerationConfig generation = GenerationConfig.builder()
                .maxNewTokens(4)
                .doSample(true)
                .temperature(3)
                .seed(3)
                .build();
        Rows data = rows(lines);
        JsonlTask problems = JsonlTask.of(data, rewards, false);
        assertThat(problems.inOrder()).extracting(Problem::prompt).containsExactly("1 + 1 = ", "7 + 5 = ", "3 + 4 = ");
        List<Finding> findings =
                new Difficulty(completions(model, problems, generation), problems, 0.25, 0.75).find(data);
        for (Finding finding : findings) {
            double rate = finding.columns().get("pass_rate").doubleValue();
            assertThat(finding.bin()).isEqualTo(Math.round(8 * rate) + "/8");
            assertThat(finding.kept()).isEqualTo(rate >= 0.25 && rate <= 0.75);
        }
        assertThat(findings).extracting(Finding::bin).anyMatch(bin -> !bin.equals("0/8") && !bin.equals("8/8"));
        // A row's rate does not depend on the rows behind it.
        Rows two = rows(lines[0], lines[1]);
        JsonlTask fewer = JsonlTask.of(two, rewards, false);
        assertThat(new Difficulty(completions(model, fewer, generation), fewer, 0.25, 0.75).find(two))
                .isEqualTo(findings.subList(0, 2));
        // With nothing written behind the prompt, guesses are the same completions, and one right one is enough.
        List<Finding> guesses = new EasyToGuess(completions(model, fewer, generation), fewer, "").find(two);
        for (int i = 0; i < 2; i++) {
            int right = guesses.get(i).columns().get("guesses_right").intValue();
            assertThat(right + "/8").isEqualTo(findings.get(i).bin());
            assertThat(guesses.get(i).kept()).isEqualTo(right == 0);
        }
    }
}
