// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.io.spill.SpillingList;
import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.ReadsAnswer;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.JsonlRows.Row;
import dev.jacobian.tensor.Rng;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Problems from the user's own data ({@link Rows}): rows with a {@code prompt} and any other columns, all of which the reward
 * functions see. They are read one by one and kept where there is room, in memory or in a temporary file ({@link SpillingList}): what is in
 * memory for certain is a place of 4 bytes for each row and each order of them. A problem is made of its row whenever it is asked for.
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
    private final List<Row> rows;
    private final int[] train; // places in rows
    private final int[] eval;
    private final List<String> skipped;
    private final WeightedRewards rewards;
    private final Spill spill;
    private volatile Epoch lastEpoch = new Epoch(0, -1, new int[0]);

    /** The order of one epoch: rows to visit, kept because neighbours are asked for one after the other. */
    private record Epoch(long seed, long epoch, int[] order) {}

    private JsonlTask(
            String name,
            List<Row> rows,
            int[] train,
            int[] eval,
            List<String> skipped,
            WeightedRewards rewards,
            Spill spill) {
        this.name = name;
        this.rows = rows;
        this.train = train;
        this.eval = eval;
        this.skipped = skipped;
        this.rewards = rewards;
        this.spill = spill;
        if (train.length == 0) {
            throw new IllegalArgumentException("task '" + name + "' has no training problem left"
                    + (eval.length > 0
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
        return of(data, rewards, skipBadRows, view, Spill.usual());
    }

    /** @param spill how much stays in memory */
    static JsonlTask of(
            Rows data, WeightedRewards rewards, boolean skipBadRows, UnaryOperator<JsonNode> view, Spill spill) {
        JsonlRows read = JsonlRows.read(data, rewards, skipBadRows, view, spill);
        if (read.rows().isEmpty() && read.skipped().isEmpty()) {
            throw new FormatException(
                    data.path().toString(),
                    "there are no rows; the file is empty",
                    "Give it rows with a 'prompt', and what the rewards read");
        }
        return split(JsonlRows.stem(data.path()), read.rows(), read.usable(), read.skipped(), rewards, spill);
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
        return of(trainFile, evalFile, rewards, Spill.usual());
    }

    /** @param spill how much stays in memory */
    static JsonlTask of(Path trainFile, Path evalFile, WeightedRewards rewards, Spill spill) {
        List<Row> eval = JsonlRows.read(Rows.of(evalFile), rewards, false, UnaryOperator.identity(), spill)
                .rows();
        PromptIndex held = new PromptIndex(prompts(eval));
        List<Row> all = JsonlRows.read(Rows.of(trainFile), rewards, false, UnaryOperator.identity(), spill)
                .rows();
        List<String> prompts = prompts(all);
        int[] train = IntStream.range(0, all.size())
                .filter(place -> !held.contains(prompts.get(place)))
                .toArray();
        if (train.length < all.size()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} of {1} rows of {2} are left out of training: their prompts are in {3}",
                    all.size() - train.length,
                    all.size(),
                    trainFile,
                    evalFile);
        }
        int behind = all.size(); // rows of the second file stand behind those of the first
        List<Row> both = ListView.of(
                Math.addExact(behind, eval.size()),
                place -> place < behind ? all.get(place) : eval.get(place - behind));
        int[] measured = IntStream.range(behind, both.size()).toArray();
        return new JsonlTask(JsonlRows.stem(trainFile), both, train, measured, List.of(), rewards, spill);
    }

    private static JsonlTask split(
            String name, List<Row> rows, int[] places, List<String> skipped, WeightedRewards rewards, Spill spill) {
        HeldOutPrompts held = HeldOutPrompts.of(
                ListView.mapped(ListView.at(rows, places), row -> row.problem().prompt()));
        int[] eval = held.places(places, true);
        int[] train = held.places(places, false);
        if (held.isSingle()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "task ''{0}'' has a single prompt; it is trained on and evaluated on, so pass@1 says nothing about"
                            + " other prompts",
                    name);
            train = eval;
        }
        return new JsonlTask(name, rows, train, eval, skipped, rewards, spill);
    }

    private static List<String> prompts(List<Row> rows) {
        return ListView.mapped(rows, row -> row.problem().prompt());
    }

    /**
     * This task without the problems that there is something to say against; they count as {@link #skipped}. What is held out
     * among the others stays held out.
     *
     * @param objection what is wrong with a problem, if anything is
     */
    public JsonlTask without(Function<Problem, Optional<String>> objection) {
        List<String> more = SpillingList.ofTexts(spill);
        more.addAll(skipped);
        IntPredicate usable = place -> {
            Row row = rows.get(place);
            Optional<String> wrong = objection.apply(row.problem());
            wrong.ifPresent(what -> more.add(row.where() + ": " + what));
            return wrong.isEmpty();
        };
        int[] goodTrain = Arrays.stream(train).filter(usable).toArray();
        int[] goodEval = Arrays.equals(train, eval)
                ? goodTrain
                : Arrays.stream(eval).filter(usable).toArray();
        if (goodTrain.length == 0 || goodEval.length == 0) {
            return split(name, rows, concat(goodTrain, goodEval), more, rewards, spill);
        }
        return new JsonlTask(name, rows, goodTrain, goodEval, more, rewards, spill);
    }

    private static int[] concat(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }

    /** The same rows, all of them to evaluate on: first those that are held out of training, then the others in file order. */
    public JsonlTask evaluatingOnAll() {
        int[] all = Arrays.equals(train, eval) ? eval : concat(eval, train);
        return new JsonlTask(name, rows, train, all, skipped, rewards, spill);
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
        return train.length;
    }

    /** The number of evaluation rows. */
    @Override
    public int evalSize() {
        return eval.length;
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        long epoch = index / train.length;
        Epoch current = lastEpoch;
        if (current.seed() != seed || current.epoch() != epoch) {
            current = new Epoch(seed, epoch, shuffled(train.length, new Rng(seed, epoch)));
            lastEpoch = current;
        }
        return rows.get(train[current.order()[(int) (index % train.length)]]).problem();
    }

    @Override
    public List<Problem> evalProblems(int count) {
        if (count > eval.length) {
            throw new IllegalArgumentException(
                    "task '" + name + "' has " + eval.length + " evaluation problems, asked for " + count);
        }
        return problems(Arrays.copyOf(eval, count));
    }

    private List<Problem> problems(int[] places) {
        return ListView.mapped(ListView.at(rows, places), Row::problem);
    }

    @Override
    public List<Problem> allProblems() {
        return problems(places());
    }

    @Override
    public String source(Problem problem) {
        for (int place : places()) {
            Row row = rows.get(place);
            if (row.problem().equals(problem)) {
                return row.where();
            }
        }
        return Task.super.source(problem);
    }

    /** All problems in the order of their rows. */
    public List<Problem> inOrder() {
        return problems(Arrays.stream(places()).sorted().toArray());
    }

    /** Each row once: those to train on, then the others. */
    private int[] places() {
        BitSet trained = new BitSet(rows.size());
        Arrays.stream(train).forEach(trained::set);
        return concat(
                train, Arrays.stream(eval).filter(place -> !trained.get(place)).toArray());
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
