// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.io.spill.SpillingList;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongFunction;

/**
 * Data as a method learns from it: token ids, all made before the first step, or made up as it goes. Those that are made before lie in memory
 * or, where they are many, in a temporary file ({@link SpillingList}).
 *
 * @param listed the examples of a pass, each made anew when it is asked for; empty for data without end
 * @param made the example at a place of such data
 * @param skipped what was wrong with the rows that were left out, each with file and row
 * @param remarks what is worth knowing of the rest, each in a sentence
 * @param rows that were used
 */
public record Examples<E>(List<E> listed, LongFunction<E> made, List<String> skipped, List<String> remarks, int rows) {
    /** The rows of a file. */
    public static <E> Examples<E> read(
            OfflineMethod<E> method, CausalLM model, OfflineConfig config, Path file, boolean skipBadRows) {
        return read(method, model, config, Rows.of(file), skipBadRows);
    }

    /**
     * The rows of a data set. They are read one by one; what is kept of each is its token ids, about 2 bytes each.
     *
     * @param skipBadRows whether a row that the method cannot use is left out and counted, or is an error
     * @throws FormatException naming file and row
     */
    public static <E> Examples<E> read(
            OfflineMethod<E> method, CausalLM model, OfflineConfig config, Rows data, boolean skipBadRows) {
        return read(method, model, config, data, skipBadRows, Spill.usual());
    }

    /** @param spill how much stays in memory */
    static <E> Examples<E> read(
            OfflineMethod<E> method,
            CausalLM model,
            OfflineConfig config,
            Rows data,
            boolean skipBadRows,
            Spill spill) {
        SpillingList<E> examples = new SpillingList<>(method.codec(), spill);
        SpillingList<String> skipped = SpillingList.ofTexts(spill);
        try {
            return read(method, model, config, data, skipBadRows, examples, skipped);
        } catch (RuntimeException | Error e) {
            examples.close();
            skipped.close();
            throw e;
        }
    }

    private static <E> Examples<E> read(
            OfflineMethod<E> method,
            CausalLM model,
            OfflineConfig config,
            Rows data,
            boolean skipBadRows,
            List<E> examples,
            List<String> skipped) {
        RowEncoder encoder = new RowEncoder(model, config);
        int[] number = {0};
        data.forEach(row -> {
            number[0]++;
            String where = row.where();
            try {
                List<E> own = method.encode(object(row.json()), encoder);
                if (own.isEmpty()) {
                    skipped.add(where + ": longer than max_length "
                            + config.maxLength().orElse(0));
                }
                examples.addAll(own);
            } catch (FormatException bad) {
                FormatException placed = new FormatException(where, bad.what(), bad.fix(), bad);
                if (!skipBadRows) {
                    throw placed;
                }
                skipped.add(placed.getMessage());
            } catch (OutOfMemoryError tooLong) { // of any other row it would say less
                throw new FormatException(
                        where,
                        "the row takes more memory to encode than the heap has (" + tooLong.getMessage() + ")",
                        "Shorten it, remove it, or give Java more with -Xmx");
            }
        });
        if (examples.isEmpty()) {
            throw new FormatException(
                    data.path().toString(),
                    skipped.isEmpty()
                            ? "there are no examples"
                            : "all " + skipped.size() + " rows are unusable, the first because: " + skipped.getFirst(),
                    "Give at least one");
        }
        return new Examples<>(
                arranged(method, examples, config, model.config().maxPositions()),
                Examples::none,
                skipped,
                encoder.remarks(),
                number[0] - skipped.size());
    }

    /** Demonstrations, from a list or made up. */
    public static Examples<Demonstration> of(SftDataset data, Sft method, CausalLM model, OfflineConfig config) {
        RowEncoder encoder = new RowEncoder(model, config);
        if (data.allExamples().isEmpty()) {
            return new Examples<>(
                    List.of(),
                    place -> method.rows().encode(data, data.example(config.seed(), place), encoder),
                    List.of(),
                    List.of(),
                    0);
        }
        List<Demonstration> examples = new SpillingList<>(method.codec(), Spill.usual());
        for (SftExample example : data.allExamples()) {
            examples.add(method.rows().encode(data, example, encoder));
        }
        return new Examples<>(
                arranged(method, examples, config, model.config().maxPositions()),
                Examples::none,
                List.of(),
                encoder.remarks(),
                examples.size());
    }

    private static <E> List<E> arranged(
            OfflineMethod<E> method, List<E> examples, OfflineConfig config, int positions) {
        List<E> arranged = method.arrange(examples, config.maxLength().orElse(Integer.MAX_VALUE));
        if (arranged.isEmpty()) {
            throw new FormatException(
                    "the data",
                    "max_length " + config.maxLength().orElse(0) + " leaves no token to learn from in any example",
                    "Raise max_length");
        }
        boolean wrapped = method instanceof DemonstrationMethod demonstrations
                && demonstrations.rows().isWrapped();
        long longest = wrapped ? method.tokens(arranged.getFirst()) : 0; // of others each sequence has been looked at
        if (longest > positions) {
            throw new FormatException(
                    "the data",
                    "packing_strategy=wrapped makes rows of " + longest + " tokens of it, more than the model's "
                            + positions + " positions",
                    "Set max_length to " + positions + " or less");
        }
        return arranged;
    }

    private static JsonNode object(JsonNode json) {
        if (!json.isObject()) {
            throw new FormatException(
                    "the row", "a JSON object is expected, found " + Json.excerpt(json), "Write one object per line");
        }
        return json;
    }

    private static <E> E none(long place) {
        throw new IllegalStateException("the data is a list, and place " + place + " is not in it");
    }

    /** The examples at some places. */
    List<E> at(List<Long> places) {
        return places.stream()
                .map(place -> listed.isEmpty() ? made.apply(place) : listed.get(Math.toIntExact(place)))
                .toList();
    }
}
