// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.tensor.Rng;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Problems from the user's own file: one JSON object per line with a {@code prompt} and any other columns, all of which
 * the reward functions see.
 *
 * <p>Training goes through the rows in a new random order each epoch; index i is row {@code i mod rows} of epoch
 * {@code i / rows}. One row in ten is held out for evaluation by a hash of its prompt, so rows with the same prompt
 * stay together; or evaluation has a file of its own, and then training leaves out its prompts.
 */
public final class JsonlTask implements Task {
    private static final System.Logger LOG = System.getLogger(JsonlTask.class.getName());

    private final String name;
    private final List<Problem> train;
    private final List<Problem> eval;
    private final WeightedRewards rewards;
    private volatile Epoch lastEpoch = new Epoch(0, -1, new int[0]);

    /** The order of one epoch: rows to visit, kept because neighbours are asked for one after the other. */
    private record Epoch(long seed, long epoch, int[] order) {}

    private JsonlTask(String name, List<Problem> train, List<Problem> eval, WeightedRewards rewards) {
        this.name = name;
        this.train = List.copyOf(train);
        this.eval = List.copyOf(eval);
        this.rewards = rewards;
        if (train.isEmpty()) {
            throw new IllegalArgumentException("task '" + name + "' has no training problem left"
                    + (eval.isEmpty() ? "; the file is empty" : "; every prompt is held out for evaluation"));
        }
    }

    /**
     * One file for both: one prompt in ten is held out.
     *
     * @param file JSON lines, each an object with a string {@code prompt}
     * @param rewards what a completion earns
     * @throws FormatException naming file and row, if a row is no such object
     */
    public static JsonlTask of(Path file, WeightedRewards rewards) {
        List<Problem> train = new ArrayList<>();
        List<Problem> eval = new ArrayList<>();
        for (Problem problem : read(file)) {
            (HeldOut.contains(problem.prompt()) ? eval : train).add(problem);
        }
        return new JsonlTask(stem(file), train, eval, rewards);
    }

    /** A whole-answer match against column {@code answer}, found in the last {@code <answer>} tag of the completion. */
    public static JsonlTask of(Path file) {
        return of(file, WeightedRewards.of(new ExactMatchReward("answer", ExactMatchReward.Answer.TAG)));
    }

    /** Two files. Training rows whose prompt is also in the evaluation file are left out, with a warning. */
    public static JsonlTask of(Path trainFile, Path evalFile, WeightedRewards rewards) {
        List<Problem> eval = read(evalFile);
        Set<String> held = new HashSet<>();
        eval.forEach(problem -> held.add(problem.prompt()));
        List<Problem> all = read(trainFile);
        List<Problem> train =
                all.stream().filter(problem -> !held.contains(problem.prompt())).toList();
        if (train.size() < all.size()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} of {1} rows of {2} are left out of training: their prompts are in {3}",
                    all.size() - train.size(),
                    all.size(),
                    trainFile,
                    evalFile);
        }
        return new JsonlTask(stem(trainFile), train, eval, rewards);
    }

    @Override
    public String name() {
        return name;
    }

    /** The number of training rows: the length of an epoch. */
    public int trainSize() {
        return train.size();
    }

    /** The number of evaluation rows. */
    public int evalSize() {
        return eval.size();
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        long epoch = index / train.size();
        Epoch current = lastEpoch;
        if (current.seed() != seed || current.epoch() != epoch) {
            current = new Epoch(seed, epoch, shuffled(train.size(), new Rng(seed, epoch)));
            lastEpoch = current;
        }
        return train.get(current.order()[(int) (index % train.size())]);
    }

    @Override
    public List<Problem> evalProblems(int count) {
        if (count > eval.size()) {
            throw new IllegalArgumentException(
                    "task '" + name + "' has " + eval.size() + " evaluation problems, asked for " + count);
        }
        return eval.subList(0, count);
    }

    @Override
    public WeightedRewards rewards() {
        return rewards;
    }

    private static List<Problem> read(Path file) {
        List<Problem> problems = new ArrayList<>();
        for (JsonNode row : Jsonl.read(file)) {
            String where = file + ", row " + (problems.size() + 1);
            if (!row.isObject() || !row.path("prompt").isTextual()) {
                throw new FormatException(
                        where,
                        "a row must be a JSON object with a string 'prompt'",
                        "Correct the row, or rename the column that holds the prompt");
            }
            Map<String, Object> columns = new LinkedHashMap<>();
            row.properties().forEach(field -> {
                if (!field.getKey().equals("prompt") && !field.getValue().isNull()) {
                    columns.put(field.getKey(), value(field.getValue()));
                }
            });
            String id = row.hasNonNull("id") ? row.get("id").asText() : stem(file) + "#" + (problems.size() + 1);
            problems.add(new Problem(id, row.get("prompt").textValue(), columns));
        }
        return problems;
    }

    /** A JSON value as plain Java: String, Long, Double, Boolean, List or Map. */
    private static Object value(JsonNode node) {
        if (node.isObject()) {
            Map<String, Object> map = new LinkedHashMap<>();
            node.properties().forEach(field -> map.put(field.getKey(), value(field.getValue())));
            return map;
        }
        if (node.isArray()) {
            List<Object> list = new ArrayList<>();
            node.forEach(element -> list.add(value(element)));
            return list;
        }
        if (node.isBoolean()) {
            return node.booleanValue();
        }
        if (node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        return node.isNumber() ? (Object) node.doubleValue() : node.asText();
    }

    private static int[] shuffled(int size, Rng rng) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = rng.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private static String stem(Path file) {
        String fileName = file.getFileName().toString();
        int dot = fileName.lastIndexOf('.');
        return dot > 0 ? fileName.substring(0, dot) : fileName;
    }
}
