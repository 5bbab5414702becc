// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.ReadsAnswer;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.JsonlRows.Row;
import dev.jacobian.tensor.Rng;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Problems from the user's own data ({@link Rows}): rows with a {@code prompt} and any other columns, all of which the reward
 * functions see. They are read one by one; what is kept of each is its prompt and its columns.
 *
 * <p>Training goes through the rows in a new random order each epoch; index i is row {@code i mod rows} of epoch
 * {@code i / rows}. One row in ten is held out for evaluation by a hash of its prompt, so rows with the same prompt
 * stay together; or evaluation has a file of its own, and then training leaves out its prompts. Of a file that is so small that
 * the hash holds out no prompt, or all of them, one prompt is held out; a file with a single prompt is used for both.
 *
 * <p>Rows are checked when they are read, with the reward functions' help: a row that could never earn its reward is an error
 * with its number, or is left out and counted ({@link #skipped}).
 */
public final class JsonlTask implements Task {
    private static final System.Logger LOG = System.getLogger(JsonlTask.class.getName());

    private final String name;
    private final List<Row> train;
    private final List<Row> eval;
    private final List<String> skipped;
    private final WeightedRewards rewards;
    private volatile Epoch lastEpoch = new Epoch(0, -1, new int[0]);

    /** The order of one epoch: rows to visit, kept because neighbours are asked for one after the other. */
    private record Epoch(long seed, long epoch, int[] order) {}

    private JsonlTask(String name, List<Row> train, List<Row> eval, List<String> skipped, WeightedRewards rewards) {
        this.name = name;
        this.train = List.copyOf(train);
        this.eval = List.copyOf(eval);
        this.skipped = List.copyOf(skipped);
        this.rewards = rewards;
        if (train.isEmpty()) {
            throw new IllegalArgumentException("task '" + name + "' has no training problem left"
                    + (!eval.isEmpty()
                            ? "; every prompt is held out for evaluation"
                            : skipped.isEmpty()
                                    ? "; the file is empty"
                                    : "; all " + skipped.size() + " rows are unusable: " + skipped.getFirst()));
        }
    }

    /**
     * One file for both: one prompt in ten is held out.
     *
     * @param file JSON lines, each an object with a string {@code prompt}
     * @param rewards what a completion earns
     * @throws FormatException naming file and row, if a row is no such object or lacks what the rewards read
     */
    public static JsonlTask of(Path file, WeightedRewards rewards) {
        return of(file, rewards, false);
    }

    /**
     * The same, where unusable rows may be left out.
     *
     * @param skipBadRows whether a row that cannot be used is left out and counted, or is an error
     */
    public static JsonlTask of(Path file, WeightedRewards rewards, boolean skipBadRows) {
        return of(Rows.of(file), rewards, skipBadRows);
    }

    /** What the task of some data is called: as the file or the folder, without an ending. */
    public static String name(Rows data) {
        return JsonlRows.stem(data.path());
    }

    /** The same of any data set. */
    public static JsonlTask of(Rows data, WeightedRewards rewards, boolean skipBadRows) {
        return of(data, rewards, skipBadRows, UnaryOperator.identity());
    }

    /**
     * The same for rows that do not call their prompt so.
     *
     * @param view the row as it is to be read
     */
    public static JsonlTask of(Rows data, WeightedRewards rewards, boolean skipBadRows, UnaryOperator<JsonNode> view) {
        JsonlRows read = JsonlRows.read(data, rewards, skipBadRows, view);
        if (read.rows().isEmpty() && read.skipped().isEmpty()) {
            throw new FormatException(
                    data.path().toString(),
                    "there are no rows; the file is empty",
                    "Give it rows with a 'prompt', and what the rewards read");
        }
        return split(JsonlRows.stem(data.path()), read.rows(), read.skipped(), rewards);
    }

    /** A whole-answer match against column {@code answer}, found in the last {@code <answer>} tag of the completion. */
    public static JsonlTask of(Path file) {
        return of(file, false);
    }

    /** The same, where unusable rows may be left out. */
    public static JsonlTask of(Path file, boolean skipBadRows) {
        return of(Rows.of(file), skipBadRows);
    }

    /** The same of any data set. */
    public static JsonlTask of(Rows data, boolean skipBadRows) {
        return of(data, WeightedRewards.of(new ExactMatchReward("answer", ExactMatchReward.Answer.TAG)), skipBadRows);
    }

    /** Two files. Training rows whose prompt is also in the evaluation file are left out, with a warning. */
    public static JsonlTask of(Path trainFile, Path evalFile, WeightedRewards rewards) {
        List<Row> eval = JsonlRows.read(Rows.of(evalFile), rewards, false, UnaryOperator.identity())
                .rows();
        Set<String> held = prompts(eval);
        List<Row> all = JsonlRows.read(Rows.of(trainFile), rewards, false, UnaryOperator.identity())
                .rows();
        List<Row> train = all.stream()
                .filter(row -> !held.contains(row.problem().prompt()))
                .toList();
        if (train.size() < all.size()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} of {1} rows of {2} are left out of training: their prompts are in {3}",
                    all.size() - train.size(),
                    all.size(),
                    trainFile,
                    evalFile);
        }
        return new JsonlTask(JsonlRows.stem(trainFile), train, eval, List.of(), rewards);
    }

    private static JsonlTask split(String name, List<Row> rows, List<String> skipped, WeightedRewards rewards) {
        Set<String> prompts = prompts(rows);
        Set<String> held = prompts.stream().filter(HeldOut::contains).collect(Collectors.toSet());
        if (!prompts.isEmpty() && (held.isEmpty() || held.size() == prompts.size())) {
            held = Set.of(Collections.min(prompts, HeldOut.order()));
        }
        List<Row> train = new ArrayList<>();
        List<Row> eval = new ArrayList<>();
        for (Row row : rows) {
            (held.contains(row.problem().prompt()) ? eval : train).add(row);
        }
        if (prompts.size() == 1) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "task ''{0}'' has a single prompt; it is trained on and evaluated on, so pass@1 says nothing about"
                            + " other prompts",
                    name);
            train = eval;
        }
        return new JsonlTask(name, train, eval, skipped, rewards);
    }

    private static Set<String> prompts(List<Row> rows) {
        return rows.stream().map(row -> row.problem().prompt()).collect(Collectors.toSet());
    }

    /**
     * This task without the problems that there is something to say against; they count as {@link #skipped}. What is held out
     * among the others stays held out.
     *
     * @param objection what is wrong with a problem, if anything is
     */
    public JsonlTask without(Function<Problem, Optional<String>> objection) {
        List<String> more = new ArrayList<>(skipped);
        Predicate<Row> usable = row -> {
            Optional<String> wrong = objection.apply(row.problem());
            wrong.ifPresent(what -> more.add(row.where() + ": " + what));
            return wrong.isEmpty();
        };
        List<Row> goodTrain = train.stream().filter(usable).toList();
        List<Row> goodEval =
                train.equals(eval) ? goodTrain : eval.stream().filter(usable).toList();
        if (goodTrain.isEmpty() || goodEval.isEmpty()) {
            List<Row> rest =
                    Stream.concat(goodTrain.stream(), goodEval.stream()).toList();
            return split(name, rest, more, rewards);
        }
        return new JsonlTask(name, goodTrain, goodEval, more, rewards);
    }

    /** The same rows, all of them to evaluate on: first those that are held out of training, then the others in file order. */
    public JsonlTask evaluatingOnAll() {
        List<Row> all = train.equals(eval)
                ? eval
                : Stream.concat(eval.stream(), train.stream()).toList();
        return new JsonlTask(name, train, all, skipped, rewards);
    }

    /** What was wrong with the rows that were left out, each with file and row. */
    public List<String> skipped() {
        return skipped;
    }

    @Override
    public String name() {
        return name;
    }

    /** The number of training rows. */
    @Override
    public int trainSize() {
        return train.size();
    }

    /** The number of evaluation rows. */
    @Override
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
        return train.get(current.order()[(int) (index % train.size())]).problem();
    }

    @Override
    public List<Problem> evalProblems(int count) {
        if (count > eval.size()) {
            throw new IllegalArgumentException(
                    "task '" + name + "' has " + eval.size() + " evaluation problems, asked for " + count);
        }
        return eval.subList(0, count).stream().map(Row::problem).toList();
    }

    @Override
    public List<Problem> allProblems() {
        return rows().map(Row::problem).toList();
    }

    @Override
    public String source(Problem problem) {
        return rows().filter(row -> row.problem() == problem)
                .findFirst()
                .map(Row::where)
                .orElseGet(() -> Task.super.source(problem));
    }

    /** All problems in the order of their rows. */
    public List<Problem> inOrder() {
        return rows().sorted(Comparator.comparing(Row::place)).map(Row::problem).toList();
    }

    private Stream<Row> rows() {
        return Stream.concat(train.stream(), eval.stream()).distinct();
    }

    /** The answer that the reward compares, where it compares one: a vote over whole completions would find no majority. */
    @Override
    public Optional<String> answer(String completion) {
        return rewards.rewards().stream()
                .map(WeightedRewards.Weighted::function)
                .filter(ReadsAnswer.class::isInstance)
                .map(function -> ((ReadsAnswer) function).answer(completion))
                .findFirst()
                .orElseGet(() -> Task.super.answer(completion));
    }

    @Override
    public WeightedRewards rewards() {
        return rewards;
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
}
