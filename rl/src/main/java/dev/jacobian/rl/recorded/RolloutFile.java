// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads a file of rollouts: JSON lines, one sample each, the samples of a prompt one after the other.
 *
 * <p>A line has {@code prompt_ids}, {@code completion_ids} and {@code rewards} (by function; null where one had nothing to say), and may have
 * {@code sampling_logps} and {@code env_mask} (a number per token of the completion; 0 in the mask: not the policy's token), {@code truncated},
 * {@code generation}, {@code row}, {@code prompt}. Whatever else is there is passed over.
 *
 * <p>Decision: everything is checked before a run begins, each fault with file and line. Somebody else's sampler is where off-by-one errors are
 * made, and a run that learns from them looks well.
 */
final class RolloutFile {
    /** How far above 0 a log-probability may lie by rounding. */
    private static final double ABOVE_ZERO = 1e-3;

    private final Path file;
    private final CausalLM model;
    private final int maxCompletionLength;
    private final OptionalInt rows;
    private final List<RecordedSample> samples = new ArrayList<>();

    private RolloutFile(Path file, CausalLM model, int maxCompletionLength, OptionalInt rows) {
        this.file = file;
        this.model = model;
        this.maxCompletionLength = maxCompletionLength;
        this.rows = rows;
    }

    /**
     * The groups of a file.
     *
     * @param numGenerations samples of a group
     * @param maxCompletionLength tokens of a completion at most
     * @param rows how many rows of data there are, if that is known
     * @throws FormatException naming file and line
     */
    static List<List<RecordedSample>> read(
            Path file, CausalLM model, int numGenerations, int maxCompletionLength, OptionalInt rows) {
        RolloutFile reader = new RolloutFile(file, model, maxCompletionLength, rows);
        Jsonl.forEachLine(file, line -> reader.add(line.json(), line.number()));
        return reader.groups(numGenerations);
    }

    private FormatException wrong(long line, String what, String fix) {
        return new FormatException(file + ", line " + line, what, fix);
    }

    private void add(JsonNode json, long line) {
        if (!json.isObject()) {
            throw wrong(line, "a sample must be a JSON object, found " + Json.excerpt(json), "Correct the line");
        }
        int[] prompt = ids(json, "prompt_ids", line);
        int[] completion = ids(json, "completion_ids", line);
        if (completion.length > maxCompletionLength) {
            throw wrong(
                    line,
                    "the completion has " + completion.length + " tokens, but max_completion_length is "
                            + maxCompletionLength,
                    "Set max_completion_length to the limit that the sampler had");
        }
        int positions = model.config().maxPositions();
        if (prompt.length + completion.length > positions) {
            throw wrong(
                    line,
                    "prompt and completion have " + (prompt.length + completion.length)
                            + " tokens, more than the model's " + positions + " positions",
                    "Leave the group out");
        }
        float[] logProbs = json.hasNonNull("sampling_logps")
                ? logProbs(json.get("sampling_logps"), completion.length, line)
                : new float[0];
        boolean[] own = own(json.path("env_mask"), completion.length, line);
        samples.add(new RecordedSample(
                line,
                index(json, "generation", OptionalInt.empty(), line),
                index(json, "row", rows, line),
                prompt,
                completion,
                logProbs,
                own,
                truncated(json, completion, line),
                rewards(json, line),
                json.path("prompt").isTextual() ? Optional.of(json.get("prompt").textValue()) : Optional.empty()));
        requireAlike(line);
    }

    /** All lines tell of the same functions, and all or none of log-probabilities. */
    private void requireAlike(long line) {
        RecordedSample first = samples.getFirst();
        RecordedSample last = samples.getLast();
        Set<String> known = first.rewards().keySet();
        if (!known.equals(last.rewards().keySet())) {
            throw wrong(
                    line,
                    "'rewards' has " + last.rewards().keySet() + ", but line " + first.line() + " has " + known,
                    "Give every sample a reward of every function, null where a function has nothing to say");
        }
        if ((first.logProbs().length == 0) != (last.logProbs().length == 0)) {
            throw wrong(
                    line,
                    "'sampling_logps' is " + (last.logProbs().length == 0 ? "missing" : "there") + ", but in line "
                            + first.line() + " it is " + (first.logProbs().length == 0 ? "missing" : "there"),
                    "Give them for all samples or for none");
        }
    }

    private int[] ids(JsonNode json, String key, long line) {
        JsonNode array = json.path(key);
        if (!array.isArray() || array.isEmpty()) {
            throw wrong(line, "'" + key + "' must be a list of token ids, at least one", "Correct the line");
        }
        int[] ids = new int[array.size()];
        int vocabulary = model.config().vocabularySize();
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = array.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= vocabulary) {
                throw wrong(
                        line,
                        "'" + key + "' has " + Json.excerpt(id) + " at place " + i + ", which is no token of the"
                                + " model's vocabulary of " + vocabulary,
                        "Sample with the tokenizer of this model");
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    private void requireLength(JsonNode array, String key, int length, long line) {
        if (!array.isArray() || array.size() != length) {
            throw wrong(
                    line,
                    "'" + key + "' must be a list of " + length + " numbers, one for each of completion_ids; it is "
                            + (array.isArray() ? "one of " + array.size() : Json.excerpt(array)),
                    "Correct the line");
        }
    }

    private float[] logProbs(JsonNode array, int length, long line) {
        requireLength(array, "sampling_logps", length, line);
        float[] logProbs = new float[length];
        for (int i = 0; i < length; i++) {
            double value = array.get(i).isNumber() ? array.get(i).doubleValue() : Double.NaN;
            if (!Double.isFinite(value) || value > ABOVE_ZERO) {
                throw wrong(
                        line,
                        "'sampling_logps' has " + Json.excerpt(array.get(i)) + " at place " + i
                                + "; a log-probability is a number of at most 0",
                        "Record the natural logarithm of the sampled token's probability");
            }
            logProbs[i] = (float) value;
        }
        return logProbs;
    }

    private boolean[] own(JsonNode array, int length, long line) {
        boolean[] own = new boolean[length];
        if (array.isMissingNode() || array.isNull()) {
            Arrays.fill(own, true);
            return own;
        }
        requireLength(array, "env_mask", length, line);
        for (int i = 0; i < length; i++) {
            JsonNode one = array.get(i);
            if (!one.isBoolean() && !(one.isNumber() && (one.doubleValue() == 0 || one.doubleValue() == 1))) {
                throw wrong(
                        line,
                        "'env_mask' has " + Json.excerpt(one) + " at place " + i + ", not 0 or 1",
                        "1 for what the policy wrote, 0 for what its tools wrote");
            }
            own[i] = one.asDouble() == 1 || one.asBoolean();
        }
        return own;
    }

    private Optional<Integer> index(JsonNode json, String key, OptionalInt limit, long line) {
        JsonNode value = json.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw wrong(line, "'" + key + "' must be a number from 0, not " + Json.excerpt(value), "Correct the line");
        }
        if (value.intValue() >= limit.orElse(Integer.MAX_VALUE)) {
            throw wrong(
                    line,
                    "'" + key + "' is " + value.intValue() + ", but the data has " + limit.orElse(0)
                            + " rows, counted from 0",
                    "Give the --data that these samples were drawn from, or none");
        }
        return Optional.of(value.intValue());
    }

    private boolean truncated(JsonNode json, int[] completion, long line) {
        JsonNode value = json.path("truncated");
        if (value.isMissingNode() || value.isNull()) {
            return !model.eosTokenIds().contains(completion[completion.length - 1]);
        }
        if (!value.isBoolean()) {
            throw wrong(line, "'truncated' must be true or false, not " + Json.excerpt(value), "Correct the line");
        }
        return value.booleanValue();
    }

    private Map<String, Double> rewards(JsonNode json, long line) {
        JsonNode rewards = json.path("rewards");
        if (!rewards.isObject() || rewards.isEmpty()) {
            throw wrong(
                    line,
                    "'rewards' must be an object with a number, or null, for each reward function",
                    "Score the samples before they are learned from");
        }
        Map<String, Double> values = new LinkedHashMap<>();
        rewards.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            boolean usable = value.isNumber() && Math.abs(value.doubleValue()) <= WeightedRewards.LARGEST;
            if (!value.isNull() && !usable) {
                throw wrong(
                        line,
                        "the reward '" + entry.getKey() + "' is " + Json.excerpt(value) + ", not a number within ±"
                                + WeightedRewards.LARGEST + " or null",
                        "Correct the line");
            }
            values.put(entry.getKey(), value.isNull() ? Double.NaN : value.doubleValue());
        });
        return values;
    }

    private List<List<RecordedSample>> groups(int size) {
        if (samples.isEmpty()) {
            throw new FormatException(file.toString(), "the file has no samples", "Record some");
        }
        List<List<RecordedSample>> groups = new ArrayList<>();
        for (int from = 0; from < samples.size(); from += size) {
            RecordedSample first = samples.get(from);
            for (int i = from; i < from + size; i++) {
                if (i == samples.size() || !samples.get(i).sharesPromptWith(first)) {
                    throw wrong(
                            i == samples.size()
                                    ? samples.getLast().line()
                                    : samples.get(i).line(),
                            "the group that begins in line " + first.line() + " has " + (i - from)
                                    + " samples of one prompt, but num_generations is " + size,
                            "Set num_generations to what the sampler drew, or complete the group");
                }
            }
            boolean more = from + size < samples.size()
                    && first.generation().isPresent()
                    && first.row().isPresent()
                    && samples.get(from + size).sharesPromptWith(first);
            if (more) {
                throw wrong(
                        samples.get(from + size).line(),
                        "the group that begins in line " + first.line() + " has more than " + size
                                + " samples, which num_generations is",
                        "Set num_generations to what the sampler drew");
            }
            groups.add(List.copyOf(samples.subList(from, from + size)));
        }
        return groups;
    }
}
