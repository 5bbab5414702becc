// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.sft.ExampleTokens;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Examples in a temporary file are those that memory would hold. */
class LargeExamplesTest {
    private static final int ROWS = 500;
    private static final CausalLM MODEL = CausalLM.load(TestPaths.model("arith-qwen3"));

    @TempDir
    Path folder;

    private Path disk;

    @BeforeEach
    void prepare() throws IOException {
        disk = Files.createDirectory(folder.resolve("disk"));
    }

    /** Rows that every method finds something in, with completions of many lengths. */
    private Path data(String method) throws IOException {
        return Files.writeString(
                folder.resolve("data.jsonl"),
                IntStream.range(0, ROWS).mapToObj(i -> row(method, i) + "\n").collect(Collectors.joining()));
    }

    private static String row(String method, int i) {
        String prompt = "\"prompt\": \"" + i + "+" + i % 7 + "=\", ";
        String completion = "1".repeat(1 + i * 7 % 19) + i;
        return switch (method) {
            case "dpo", "orpo", "cpo", "reward", "reward-preference" ->
                "{" + prompt + "\"chosen\": \"" + completion + "\", \"rejected\": \"" + i % 11 + "\", \"margin\": 0."
                        + i + "}";
            case "kto", "bco" -> "{" + prompt + "\"chosen\": \"" + completion + "\", \"rejected\": \"" + i % 11 + "\"}";
            case "prm" ->
                "{" + prompt + "\"completions\": [\"" + completion + "\", \"" + i + "\"], \"labels\": [true, "
                        + (i % 2 == 0) + "]}";
            default -> "{" + prompt + "\"completion\": \"" + completion + "\", \"label\": " + (i % 3 == 0) + "}";
        };
    }

    private static OfflineConfig config(OfflineMethod<?> method, Object... settings) {
        Given given = new Given();
        for (int i = 0; i < settings.length; i += 2) {
            given.set((String) settings[i], settings[i + 1], "the test");
        }
        return OfflineConfig.of(method).with(given);
    }

    private <E> Examples<E> read(OfflineMethod<E> method, OfflineConfig config, Path data, long memory) {
        return Examples.read(method, MODEL, config, Rows.of(data), false, new Spill(memory, disk));
    }

    private <E> void same(OfflineMethod<E> method, Path data) {
        List<E> small = read(method, config(method), data, 100).listed();
        List<E> whole = read(method, config(method), data, 1 << 30).listed();
        assertThat(small).hasSameSizeAs(whole).hasSizeGreaterThanOrEqualTo(ROWS);
        for (int i = 0; i < whole.size(); i++) {
            assertThat(small.get(i)).usingRecursiveComparison().isEqualTo(whole.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sft",
                "dpo",
                "kto",
                "orpo",
                "cpo",
                "bco",
                "reward",
                "reward-preference",
                "reward-outcome",
                "prm",
                "distill-recorded",
                "distill-gkd"
            })
    @DisplayName("every method's examples survive the file")
    void examples(String name) throws IOException {
        same(OfflineMethods.find(name).orElseThrow(), data(name));
    }

    /** What {@link Packing} describes, over lists. */
    private static List<List<Integer>> packed(List<Demonstration> examples, Packing.Strategy strategy, int length) {
        List<List<Integer>> rows = new ArrayList<>();
        if (strategy == Packing.Strategy.WRAPPED) {
            List<Integer> stream = examples.stream()
                    .flatMap(example -> tokens(example).stream())
                    .toList();
            for (int from = 0; from < stream.size(); from += length) {
                rows.add(stream.subList(from, Math.min(stream.size(), from + length)));
            }
            return rows;
        }
        List<Integer> touched = new ArrayList<>(); // when a row got its space
        int[] clock = {0};
        examples.stream()
                .sorted(Comparator.comparingInt(Demonstration::length).reversed())
                .forEach(example -> {
                    int best = -1;
                    for (int row = 0; row < rows.size(); row++) {
                        int space = length - rows.get(row).size();
                        int least = best < 0
                                ? Integer.MAX_VALUE
                                : length - rows.get(best).size();
                        boolean earlier = space == least && touched.get(row) < touched.get(best);
                        if (space >= example.length() && (space < least || earlier)) {
                            best = row;
                        }
                    }
                    if (best < 0) {
                        best = rows.size();
                        rows.add(new ArrayList<>());
                        touched.add(0);
                    }
                    rows.get(best).addAll(tokens(example));
                    touched.set(best, ++clock[0]);
                });
        return rows;
    }

    /** Each token, and whether it is learned in its sign. */
    private static List<Integer> tokens(Demonstration example) {
        List<Integer> tokens = new ArrayList<>();
        for (ExampleTokens.Encoded document : example.documents()) {
            for (int t = 0; t < document.tokens().length; t++) {
                tokens.add(document.learned().get(t) ? document.tokens()[t] + 1 : -document.tokens()[t] - 1);
            }
        }
        return tokens;
    }

    @ParameterizedTest
    @EnumSource(Packing.Strategy.class)
    @DisplayName("rows are packed by place as they would be as a list")
    void packing(Packing.Strategy strategy) throws IOException {
        Path data = data("sft");
        for (int length : new int[] {30, 31, 64}) {
            OfflineConfig config = config(
                    Sft.DEFAULT,
                    "packing",
                    true,
                    "packing_strategy",
                    strategy.name().toLowerCase(Locale.ROOT),
                    "max_length",
                    length);
            List<Demonstration> all = read(Sft.DEFAULT, config(Sft.DEFAULT, "max_length", length), data, 1 << 30)
                    .listed();
            for (long memory : new long[] {100, 1 << 30}) {
                List<Demonstration> rows =
                        read((Sft) config.method(), config, data, memory).listed();
                assertThat(rows.stream().map(LargeExamplesTest::tokens)).isEqualTo(packed(all, strategy, length));
            }
        }
    }

    @Test
    @DisplayName("chosen completions of a thousand pairs stand before the rejected ones, wherever they are kept")
    void unpaired() throws IOException {
        Path data = folder.resolve("pairs.jsonl");
        Files.write(data, IntStream.range(0, 1200).mapToObj(i -> row("kto", i)).toList());
        List<Judged> judged = read(Kto.DEFAULT, config(Kto.DEFAULT), data, 100).listed();
        assertThat(judged).hasSize(2400);
        assertThat(judged.subList(0, 1000)).allMatch(Judged::desirable);
        assertThat(judged.subList(1000, 2000)).noneMatch(Judged::desirable);
        assertThat(judged.subList(2000, 2200)).allMatch(Judged::desirable);
        assertThat(judged.get(2000).prompt()).isEqualTo(MODEL.tokenizer().encodePrompt("1000+6="));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "dpo", "kto"})
    @DisplayName("a run learns the same weights from the file, with scores of the reference that were made before, too")
    void trained(String name) throws IOException {
        OfflineMethod<?> method = OfflineMethods.find(name).orElseThrow();
        Object[] settings = name.equals("dpo")
                ? new Object[] {"max_steps", 3, "per_device_train_batch_size", 4, "precompute_ref_log_probs", true}
                : new Object[] {"max_steps", 3, "per_device_train_batch_size", 4};
        Path data = Files.write(
                folder.resolve("few.jsonl"),
                IntStream.range(0, 20).mapToObj(i -> row(name, i)).toList());
        assertThat(losses(config(method, settings), data, 0))
                .isEqualTo(losses(config(method, settings), data, 1 << 30));
    }

    @SuppressWarnings("unchecked") // the configuration's method
    private <E> double losses(OfflineConfig config, Path data, long memory) {
        CausalLM model = CausalLM.load(TestPaths.model("arith-qwen3"));
        OfflineMethod<E> method = (OfflineMethod<E>) config.method();
        return new OfflineTrainer<>(model, method, read(method, config, data, memory), config).train();
    }

    /** Cannot encode the fourth row. */
    private static final class Exhausted implements OfflineMethod<Completed> {
        private int rows;

        @Override
        public String paper() {
            return "";
        }

        @Override
        public List<Completed> encode(JsonNode row, RowEncoder encoder) {
            if (++rows == 4) {
                throw new OutOfMemoryError("Java heap space");
            }
            return List.of();
        }

        @Override
        public RecordCodec<Completed> codec() {
            return Completed.CODEC;
        }

        @Override
        public List<Span> spans(List<Completed> batch) {
            return List.of();
        }

        @Override
        public Loss loss(Batch<Completed> batch) {
            throw new AssertionError("nothing is learned");
        }
    }

    @Test
    @DisplayName("a row that no memory is there for is named, also where bad rows may be left out")
    void exhausted() throws IOException {
        Path data = data("sft");
        assertThatThrownBy(() -> Examples.read(new Exhausted(), MODEL, config(Sft.DEFAULT), data, true))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("data.jsonl, row 4: the row takes more memory to encode than the heap has")
                .hasMessageContaining("-Xmx");
    }

    @Test
    @DisplayName("a bad row, rows that are all unusable and a disk without room leave no file and say what is wrong")
    void faults() throws IOException {
        Path data = data("sft");
        Files.writeString(data, Files.readString(data) + "{\"prompt\": \"1+1=\"}\n");
        assertThatThrownBy(() -> read(Sft.DEFAULT, config(Sft.DEFAULT), data, 100))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("data.jsonl, row " + (ROWS + 1));
        Files.writeString(data, "{\"prompt\": \"1+1=\"}\n".repeat(ROWS));
        assertThatThrownBy(() -> Examples.read(
                        Sft.DEFAULT, MODEL, config(Sft.DEFAULT), Rows.of(data), true, new Spill(100, disk)))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("all " + ROWS + " rows are unusable, the first because: ")
                .hasMessageContaining("row 1: ");
        try (Stream<Path> files = Files.list(disk)) {
            assertThat(files).isEmpty();
        }
        Files.delete(disk);
        Path good = data("sft");
        assertThatThrownBy(() -> read(Sft.DEFAULT, config(Sft.DEFAULT), good, 100))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(disk.toString());
    }
}
