// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A small model with random weights and what Hugging Face transformers computes with it: {@code golden.json} beside the
 * checkpoint has cases, losses, generations; {@code golden.safetensors} the tensors.
 *
 * @param name folder in {@code testdata/models}
 * @param json golden.json
 */
public record GoldenModel(String name, JsonNode json) {
    /** A golden model by name. */
    public static GoldenModel of(String name) {
        return new GoldenModel(name, TestJson.read(TestPaths.model(name).resolve("golden.json")));
    }

    /** All golden models: the folders whose golden.json has cases. */
    public static List<GoldenModel> all() {
        try (Stream<Path> folders = Files.list(TestPaths.testdata("models"))) {
            return folders.filter(folder -> Files.exists(folder.resolve("golden.safetensors")))
                    .map(folder -> of(folder.getFileName().toString()))
                    .filter(golden -> golden.json.has("cases"))
                    .sorted(Comparator.comparing(GoldenModel::name))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The checkpoint's folder, with the goldens in it. */
    public Path folder() {
        return TestPaths.model(name);
    }

    /** The oracle's tensors. */
    public Path tensors() {
        return folder().resolve("golden.safetensors");
    }

    /**
     * How far the oracle's own runs in F32 and F64 are apart; of an oracle that could not run in F64, which says −1 or nothing, what is
     * usual of others: 4e-6 for logits, 5e-7 for gradients and loss.
     *
     * @param what {@code logits}, {@code loss} or {@code grad}
     */
    public double noise(String what) {
        double known = json.path("noise_f32_vs_f64_" + what).asDouble(-1);
        return known >= 0 ? known : what.equals("logits") ? 4e-6 : 5e-7;
    }

    /** A case: its {@code input_ids} and what belongs to them. */
    public JsonNode golden(String caseName) {
        return json.get("cases").get(caseName);
    }

    /** The sequences of a case without their padding. */
    public List<Row> rows(String caseName) {
        JsonNode golden = golden(caseName);
        List<Row> rows = new ArrayList<>();
        for (int r = 0; r < golden.get("input_ids").size(); r++) {
            int[] ids = TestJson.ints(golden.get("input_ids").get(r));
            int from = 0;
            int to = ids.length;
            if (golden.has("attention_mask")) {
                int[] mask = TestJson.ints(golden.get("attention_mask").get(r));
                while (mask[from] == 0) {
                    from++;
                }
                while (mask[to - 1] == 0) {
                    to--;
                }
            }
            rows.add(new Row(Arrays.copyOfRange(ids, from, to), from, ids.length));
        }
        return rows;
    }

    /**
     * Rows of an array of the shape of a case's {@code input_ids}, such as labels, without the case's padding, as JSON.
     *
     * @param array [B][T]
     */
    public String unpadded(String caseName, JsonNode array) {
        List<String> out = new ArrayList<>();
        List<Row> rows = rows(caseName);
        for (int r = 0; r < rows.size(); r++) {
            int from = rows.get(r).from();
            int[] values = TestJson.ints(array.get(r));
            out.add(Arrays.toString(
                    Arrays.copyOfRange(values, from, from + rows.get(r).tokens().length)));
        }
        return out.toString();
    }

    /** The name, for the names of parameterized tests. */
    @Override
    public String toString() {
        return name;
    }

    /**
     * A sequence of a case.
     *
     * @param tokens its token ids
     * @param from where they begin in the padded row
     * @param paddedLength elements of the padded row
     */
    public record Row(int[] tokens, int from, int paddedLength) {}
}
