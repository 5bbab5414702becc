// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.tensor.ComputePool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How a run calls its rewards: at once, each call with a deadline, results in order; and how it bears what goes wrong.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li><b>A sample whose reward failed or timed out has no reward</b>: it is left out of its group's baseline and teaches nothing, also if
 *       other rewards of it are known, for their sum would be on another scale. It is never 0.
 *   <li><b>The budget is 0 by default</b>: the first failure stops the run with the reward's name and the problem's, as it always has. To
 *       leave samples out biases what is learned from (the ones that a verifier chokes on are no random ones), so somebody has to say how
 *       many are bearable. They are counted, measured and said all the same.
 *   <li><b>Time is not a function of the seed.</b> Whether a call meets its deadline depends on the machine's mood, and a run that learned
 *       from it alone could not be resumed to the same bits. So what failed is written down ({@link #journal}) before anything is learned from
 *       the step. A step that is computed again, because a run was killed behind its last checkpoint, does not make those calls again: what
 *       was left out stays left out. A run is a function of its seed, its settings and this journal; where nothing ever failed, the
 *       journal is empty, and it is a function of seed and settings alone.
 *   <li>Scores are written down only where a reward says that it would not give the same one again ({@link Reward#repeatable}), as one
 *       that runs programs within limits of time; of all others the same score is expected for the same completion.
 * </ul>
 *
 * <p>Not thread-safe: it belongs to the thread that scores.
 */
public final class RewardRun implements AutoCloseable {
    /** A step that is far behind every warm-up. */
    private static final int ALWAYS = Integer.MAX_VALUE;

    private static final int TENTH = 10;

    private static final String ADVICE =
            ". Mend the reward, or let the run bear more (reward_error_budget); it can be resumed from its last"
                    + " checkpoint";

    private final RewardCallConfig config;
    private final boolean inPlace;
    private final Optional<Integer> measured; // samples of a measurement
    private final Deadlines deadlines = new Deadlines();
    private final Map<Reward, Deadlines.Lane> lanes = new ConcurrentHashMap<>(); // also a sampler's thread asks
    private final Map<String, Trouble> troubles = new LinkedHashMap<>();
    private Optional<RewardJournal> journal = Optional.empty();
    private Optional<EarlyRewards> early = Optional.empty(); // while something is scored that was asked about before
    private int step = ALWAYS;
    private int round;
    private int borne;
    private Optional<String> first = Optional.empty();

    /**
     * What went wrong with a reward.
     *
     * @param failed samples on which it failed
     * @param timedOut samples on which it took too long
     */
    public record Trouble(int failed, int timedOut) {
        private static final Trouble NONE = new Trouble(0, 0);

        private Trouble and(Score score) {
            return score instanceof Score.TimedOut
                    ? new Trouble(failed, timedOut + 1)
                    : new Trouble(failed + 1, timedOut);
        }
    }

    public RewardRun(RewardCallConfig config) {
        this(config, false, Optional.empty());
    }

    private RewardRun(RewardCallConfig config, boolean inPlace, Optional<Integer> measured) {
        this.config = config;
        this.inPlace = inPlace;
        this.measured = measured;
    }

    /**
     * For a measurement, which learns nothing from what it leaves out, and should not be lost to one nonsense answer of a judge: it bears
     * failures of a tenth of its samples, or {@code reward_error_budget} where that is more, but not that of all.
     *
     * @param samples of the measurement
     */
    public static RewardRun measuring(RewardCallConfig config, int samples) {
        return new RewardRun(config, false, Optional.of(samples));
    }

    /** One call after the other on the caller's thread, without deadlines. */
    static RewardRun inPlace() {
        return new RewardRun(RewardCallConfig.DEFAULT, true, Optional.empty());
    }

    /**
     * Remembers failures in a file, which is made when there is one.
     *
     * @param stepsDone steps up to the checkpoint that the run goes on from, behind which the file says what is repeated; empty for a run
     *     that begins, whose file does not count
     */
    public RewardRun journal(Path file, OptionalInt stepsDone) {
        return journal(file, stepsDone, true);
    }

    /**
     * The same for a run that may not repeat the samples of steps behind the checkpoint.
     *
     * @param sameSamples whether it does; otherwise what the file says of those steps goes
     */
    public RewardRun journal(Path file, OptionalInt stepsDone, boolean sameSamples) {
        RewardJournal opened = RewardJournal.open(file, stepsDone, sameSamples);
        borne = opened.samplesUntil(stepsDone.orElse(0));
        journal = Optional.of(opened);
        return this;
    }

    /** What is scored from now on belongs to a step, from 1. */
    public void beginStep(int number) {
        step = number;
        round = 0;
        troubles.clear();
    }

    /** What went wrong in this step, by reward. */
    public Map<String, Trouble> troubles() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(troubles)); // in the order of the rewards
    }

    /** Samples that this run has left out because a reward of theirs failed. */
    public int borne() {
        return borne;
    }

    /**
     * What went wrong until the end of a step.
     *
     * @param troubles in the step, by reward, in the order of the rewards
     * @param borne samples that the run has left out so far
     */
    public record Tally(Map<String, Trouble> troubles, int borne) {
        /** Nothing. */
        public static final Tally NONE = new Tally(Map.of(), 0);
    }

    /** What went wrong so far. */
    public Tally tally() {
        return new Tally(troubles(), borne);
    }

    /** What failed first of what was borne, in words. */
    public Optional<String> firstBorne() {
        return first;
    }

    /** How many failures are borne. */
    private int budget() {
        int tenth = measured.map(samples -> Math.min(Math.ceilDiv(samples, TENTH), samples - 1))
                .orElse(0);
        return Math.max(config.rewardErrorBudget(), tenth);
    }

    /**
     * Asks single rewards about samples while others are still drawn; by another thread if it likes.
     *
     * @param rewards which; those that compare, or compute here, wait for all samples
     */
    public EarlyRewards early(WeightedRewards rewards) {
        Map<RewardFunction, Deadlines.Batch<Score>> calls = new LinkedHashMap<>();
        for (WeightedRewards.Weighted reward : rewards.rewards()) {
            if (reward.function() instanceof RewardFunction function && function.running() != Reward.Running.HERE) {
                calls.put(function, new Deadlines.Batch<>(lane(function)));
            }
        }
        return new EarlyRewards(calls);
    }

    /** Takes what was asked early for what is scored in {@code body}. */
    public <T> T using(EarlyRewards asked, Supplier<T> body) {
        early = Optional.of(asked);
        try {
            return body.get();
        } finally {
            early = Optional.empty();
            asked.close();
        }
    }

    /** The step that is scored for. */
    int step() {
        return step;
    }

    /** Ends a call of {@link WeightedRewards#score(List, RewardRun)}: the next one of this step is another. */
    void endRound() {
        journal.ifPresent(RewardJournal::flush);
        round++;
    }

    /**
     * Bears a sample that has no reward because of a failure.
     *
     * @throws RewardException with what went wrong so far, if that is one too many
     */
    public void bear(String message) {
        borne++;
        first = first.or(() -> Optional.of(message));
        if (borne <= budget()) {
            return;
        }
        if (budget() == 0) {
            throw new RewardException(message);
        }
        if (measured.isPresent()) {
            throw new RewardException("more than " + budget() + " of " + measured.get() + " samples have no reward"
                    + " because one failed, and that is no measurement. The last: " + message
                    + ". Mend the reward, or let it bear more (reward_error_budget)");
        }
        String counts = troubles.entrySet().stream()
                .map(entry ->
                        "'" + entry.getKey() + "' failed on " + entry.getValue().failed() + " and timed out on "
                                + entry.getValue().timedOut())
                .collect(Collectors.joining(", "));
        throw new RewardException(borne + " samples of this run have no reward because one failed, more than"
                + " reward_error_budget allows (" + budget() + "); in step " + step + " reward " + counts
                + ". The last: " + message + ADVICE);
    }

    // Calls

    /** What a function says of completions, in order. */
    List<Score> scores(RewardFunction function, List<Completion> completions) {
        return called(
                function,
                completions,
                early.map(asked -> awaited(function, () -> asked.await(function, deadlines)))
                        .orElse(Map.of()),
                completion -> RewardCalls.score(function, completion),
                score -> score,
                score -> score);
    }

    /** The same with what led to the scores. */
    List<Explanation> explanations(RewardFunction function, List<Completion> completions) {
        return called(
                function,
                completions,
                Map.of(),
                completion -> RewardCalls.explain(function, completion),
                Explanation::score,
                score -> Explanation.of(score, Optional.empty()));
    }

    /** Makes something of a completion. */
    @FunctionalInterface
    private interface Call<T> {
        T of(Completion completion);
    }

    /** Makes something of something else. */
    @FunctionalInterface
    private interface Turn<A, B> {
        B of(A a);
    }

    private <T> List<T> called(
            RewardFunction function,
            List<Completion> completions,
            Map<Completion, Optional<T>> asked,
            Call<T> call,
            Turn<T, Score> scoreOf,
            Turn<Score, T> bare) {
        List<Optional<Score>> known = IntStream.range(0, completions.size())
                .mapToObj(i -> remembered(function, i, completions.get(i)))
                .toList();
        List<Supplier<T>> calls = new ArrayList<>();
        for (int i = 0; i < known.size(); i++) {
            Completion completion = completions.get(i);
            if (known.get(i).isEmpty() && !asked.containsKey(completion)) {
                calls.add(() -> call.of(completion));
            }
        }
        List<Optional<T>> results = run(function, calls);
        List<T> all = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < known.size(); i++) {
            Completion completion = completions.get(i);
            T result;
            if (known.get(i).isPresent()) {
                result = bare.of(known.get(i).get());
            } else {
                Optional<T> called = asked.containsKey(completion) ? asked.get(completion) : results.get(at++);
                result = called.orElseGet(() -> bare.of(timedOut(function, completion)));
            }
            note(function, i, completion, scoreOf.of(result), known.get(i).isPresent());
            all.add(result);
        }
        return all;
    }

    /**
     * What a function says of a batch. A batch that takes too long is every completion's failure.
     *
     * @param samples which of the rollout's samples each completion is, in order: those that failed before are not in the batch, and a
     *     journal of two rewards must mean the same sample by one number
     */
    List<List<Score>> scores(BatchReward function, List<BatchReward.Samples> groups, int[] samples) {
        List<Completion> all =
                groups.stream().flatMap(group -> group.completions().stream()).toList();
        Optional<List<List<Score>>> called = run(
                        function, List.<Supplier<List<List<Score>>>>of(() -> RewardCalls.score(function, groups)))
                .getFirst();
        List<List<Score>> scores = called.orElseGet(() -> groups.stream()
                .map(group -> group.completions().stream()
                        .map(completion -> timedOut(function, completion))
                        .toList())
                .toList());
        List<List<Score>> kept = new ArrayList<>();
        int at = 0;
        for (List<Score> group : scores) {
            List<Score> row = new ArrayList<>();
            for (Score score : group) {
                Optional<Score> known = remembered(function, samples[at], all.get(at));
                row.add(known.orElse(score));
                note(function, samples[at], all.get(at), row.getLast(), known.isPresent());
                at++;
            }
            kept.add(row);
        }
        return kept;
    }

    /** Runs calls as a reward is to be called; empty for those that took too long. */
    private <T> List<Optional<T>> run(Reward function, List<Supplier<T>> calls) {
        if (inPlace || function.running() == Reward.Running.HERE) {
            return calls.stream().map(call -> Optional.of(call.get())).toList();
        }
        return awaited(
                function,
                () -> deadlines.run(calls, lane(function)).stream()
                        .map(RewardRun::value)
                        .toList());
    }

    /** Where a function's calls go, also those of other batches: what bounds them is the run's, not a batch's. */
    private Deadlines.Lane lane(Reward function) {
        return lanes.computeIfAbsent(
                function, key -> new Deadlines.Lane(width(function), deadline(), threads(function)));
    }

    private int width(Reward function) {
        return function.running() == Reward.Running.WAITS ? config.rewardConcurrency() : ComputePool.threads();
    }

    private Duration deadline() {
        return Duration.ofNanos((long) (config.rewardTimeout() * 1e9));
    }

    private static ThreadFactory threads(Reward function) {
        return function.running() == Reward.Running.WAITS
                ? Thread.ofVirtual().name("reward " + function.name()).factory()
                : Thread.ofPlatform().daemon().name("reward " + function.name()).factory();
    }

    static <T> Optional<T> value(Deadlines.Outcome<T> outcome) {
        return outcome instanceof Deadlines.Done<T>(T value) ? Optional.of(value) : Optional.empty();
    }

    private <T> T awaited(Reward function, Supplier<T> calls) {
        try {
            return calls.get();
        } catch (Deadlines.DeafException deaf) {
            throw new RewardException("reward '" + function.name() + "': " + deaf.getMessage() + ", "
                    + config.rewardTimeout()
                    + " s after they began (reward_timeout). Java cannot end a thread that does not look whether it is"
                    + " interrupted; let the reward look, bound its work, or run it in a process of its own");
        }
    }

    private Score timedOut(Reward function, Completion completion) {
        return new Score.TimedOut(RewardCalls.where(function, completion) + " took longer than "
                + config.rewardTimeout() + " s (reward_timeout)"
                + function.waitsFor().map(whom -> "; it waited for " + whom).orElse(""));
    }

    // The journal

    private Optional<Score> remembered(Reward function, int sample, Completion completion) {
        return journal.flatMap(log -> log.find(place(function, sample, completion)));
    }

    /** Remembers that a sample goes without a reward, if no call of a reward says so: its sum was too large, or its environment failed. */
    void leaveOut(int sample, Completion completion, Score total) {
        journal.filter(log -> !log.hasSample(step, round, sample))
                .ifPresent(log ->
                        log.add(new RewardJournal.Place(step, round, "", sample, completion.problemId()), total));
    }

    private void note(Reward function, int sample, Completion completion, Score score, boolean remembered) {
        if (score.trouble().isEmpty()) {
            if (!remembered && !function.repeatable() && score instanceof Score.Value(double value)) {
                journal.ifPresent(log -> log.addScore(place(function, sample, completion), value));
            }
            return;
        }
        troubles.merge(function.name(), Trouble.NONE.and(score), (a, b) -> a.and(score));
        if (!remembered) {
            journal.ifPresent(log -> log.add(place(function, sample, completion), score));
        }
    }

    private RewardJournal.Place place(Reward function, int sample, Completion completion) {
        return new RewardJournal.Place(step, round, function.name(), sample, completion.problemId());
    }

    @Override
    public void close() {
        journal.ifPresent(RewardJournal::close);
    }
}
