// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.tensor.Rng;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run sees the same problems in the same order, whether its data fits into memory or not. */
class LargeDataTest {
    private static final int ROWS = 3000;
    private static final WeightedRewards REWARDS =
            WeightedRewards.of(new ExactMatchReward("answer", ExactMatchReward.Answer.TAG));

    @TempDir
    Path folder;

    private Path file;
    private Path disk;

    @BeforeEach
    void prepare() throws IOException {
        disk = Files.createDirectory(folder.resolve("disk"));
        file = folder.resolve("data.jsonl");
        write(file, ROWS);
    }

    /** Texts and conversations with images, nested columns, numbers of all kinds, letters of all kinds. */
    private static ObjectNode row(int i) {
        ObjectNode row = Json.object();
        if (i % 3 == 0) {
            ObjectNode message = row.putArray("prompt").addObject().put("role", "user");
            message.putArray("content")
                    .add(Json.object()
                            .put("type", "image")
                            .put("image", "data:image/png;base64," + "iVBO".repeat(i % 50)))
                    .add(Json.object().put("type", "text").put("text", "what is " + i + "?"));
        } else {
            row.put("prompt", (i % 5 == 0 ? "wie groß ist 数 😀 " : "how large is ") + i + ".".repeat(i % 90));
        }
        row.put("answer", i % 2 == 0 ? "" + i : "π" + i);
        if (i % 7 == 0) {
            row.put("id", "own-" + i);
        }
        row.putObject("extra_info")
                .put("index", i)
                .putArray("levels")
                .add(0.1 * i)
                .add(1L << 40)
                .addNull();
        row.set("big", Json.parse("123456789012345678901234567890" + i, "test"));
        return row;
    }

    private static void write(Path file, int rows) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            lines.add(Json.compact(row(i)));
        }
        Files.write(file, lines);
    }

    private JsonlTask task(long memory) {
        return JsonlTask.of(Rows.of(file), REWARDS, false, UnaryOperator.identity(), new Spill(memory, disk));
    }

    @Test
    void aRunSeesWhatItWouldSeeOfAListInMemory() {
        JsonlTask small = task(10_000); // of about 900,000 bytes
        JsonlTask whole = task(1 << 30);
        List<Problem> train = new ArrayList<>();
        List<Problem> eval = new ArrayList<>();
        List<Problem> inOrder = whole.inOrder();
        int[] number = {0};
        Rows.of(file).forEach(row -> {
            ObjectNode json = (ObjectNode) row.json();
            number[0]++;
            Map<String, Object> columns =
                    new LinkedHashMap<>(Columns.of(json, "test").values());
            columns.remove("prompt");
            String id = json.path("id").asText("data#" + number[0]);
            String prompt =
                    json.get("prompt").isTextual() ? json.get("prompt").textValue() : Json.compact(json.get("prompt"));
            Problem read = inOrder.get(number[0] - 1);
            assertThat(read.id()).isEqualTo(id);
            assertThat(read.prompt()).isEqualTo(prompt);
            assertThat(read.columns().values()).isEqualTo(columns);
            assertThat(List.copyOf(read.columns().values().keySet())).isEqualTo(List.copyOf(columns.keySet()));
            assertThat(read.chat().isPresent()).isEqualTo(json.get("prompt").isArray());
            (HeldOut.contains(prompt) ? eval : train).add(read);
        });
        for (JsonlTask task : List.of(small, whole)) {
            assertThat(task.evalProblems(task.evalSize())).isEqualTo(eval);
            assertThat(task.trainSize()).isEqualTo(train.size());
            assertThat(task.allProblems())
                    .isEqualTo(Stream.concat(train.stream(), eval.stream()).toList());
            assertThat(task.trainProblems(5, train.size(), train.size())).isEqualTo(shuffled(train, new Rng(5, 1)));
            Problem some = task.evalProblems(3).get(2);
            assertThat(task.source(some)).isEqualTo(whole.source(eval.get(2)));
        }
    }

    /** A random order, as the class describes it: each row swaps with one that is not behind it. */
    private static List<Problem> shuffled(List<Problem> rows, Rng rng) {
        List<Problem> order = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            int j = rng.nextInt(i + 1);
            order.add(rows.get(i));
            order.set(i, order.get(j));
            order.set(j, rows.get(i));
        }
        return order;
    }

    @Test
    void whatIsLeftOutIsCountedAndTheRestStaysWhereItWas() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        for (int i = 0; i < lines.size(); i += 2) {
            lines.set(i, i % 4 == 0 ? "{\"prompt\": \"no answer " + i + "\"}" : "{broken");
        }
        Files.write(file, lines);
        Spill spill = new Spill(5000, disk);
        JsonlTask task = JsonlTask.of(Rows.of(file), REWARDS, true, UnaryOperator.identity(), spill);
        assertThat(task.skipped()).hasSize(ROWS / 2);
        assertThat(task.skipped().getFirst()).contains("line 3"); // form comes first
        assertThat(task.skipped().getLast()).contains("row " + (ROWS - 3)).contains("no column 'answer'");
        assertThat(task.inOrder())
                .extracting(problem -> problem.columns().values().get("answer"))
                .isEqualTo(IntStream.range(0, ROWS / 2)
                        .mapToObj(i -> "π" + (2 * i + 1))
                        .toList());
        JsonlTask fewer = task.without(
                problem -> problem.chat().isPresent() ? Optional.of("is a conversation") : Optional.empty());
        assertThat(fewer.skipped()).hasSize(ROWS / 2 + ROWS / 6);
        assertThat(fewer.allProblems())
                .hasSize(ROWS / 3)
                .allMatch(problem -> problem.chat().isEmpty());
        assertThat(fewer.evalProblems(fewer.evalSize()))
                .isEqualTo(task.evalProblems(task.evalSize()).stream()
                        .filter(problem -> problem.chat().isEmpty())
                        .toList());
    }

    @Test
    void twoFilesShareNoPrompt() throws IOException {
        Path eval = folder.resolve("eval.jsonl");
        Files.write(eval, Files.readAllLines(file).subList(100, 200));
        for (long memory : new long[] {0, 1 << 30}) {
            JsonlTask task = JsonlTask.of(file, eval, REWARDS, new Spill(memory, disk));
            assertThat(task.trainSize()).isEqualTo(ROWS - 100);
            assertThat(task.evalProblems(100))
                    .extracting(problem -> problem.columns().values().get("answer"))
                    .startsWith("100", "π101", "102");
        }
    }

    @Test
    void nothingIsLeftOfABadFileOrOfAClosedOne() throws IOException {
        Files.writeString(file, Files.readString(file) + "{\"prompt\": \"without\"}\n");
        assertThatThrownBy(() -> task(1000))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("data.jsonl, row " + (ROWS + 1) + ": the problem has no column 'answer'");
        try (Stream<Path> files = Files.list(disk)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aDiskWithoutRoomIsSaidBeforeTheRun() throws IOException {
        Files.delete(disk);
        assertThatThrownBy(() -> task(1000))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(disk.toString())
                .hasMessageContaining("java.io.tmpdir");
        assertThat(task(1 << 30).trainSize()).isGreaterThan(2000); // which needs none
    }

    @Test
    void anIndexOfPromptsHasEachOnce() {
        List<String> prompts =
                IntStream.range(0, 1000).mapToObj(i -> "p" + i % 700).toList();
        PromptIndex index = new PromptIndex(prompts);
        assertThat(prompts).allMatch(index::contains);
        assertThat(index.contains("p700")).isFalse();
        assertThat(new PromptIndex(List.of()).contains("")).isFalse();
    }
}
