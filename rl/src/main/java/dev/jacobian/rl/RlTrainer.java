// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.curriculum.Curricula;
import dev.jacobian.rl.learn.Critic;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.PtxLoss;
import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.CompletionRecord;
import dev.jacobian.rl.observe.EnvironmentMetrics;
import dev.jacobian.rl.observe.FirstStepWatch;
import dev.jacobian.rl.observe.HeldOutMetrics;
import dev.jacobian.rl.observe.LearningMetrics;
import dev.jacobian.rl.observe.LengthMetrics;
import dev.jacobian.rl.observe.Measurements;
import dev.jacobian.rl.observe.RewardMetrics;
import dev.jacobian.rl.observe.RewardTroubles;
import dev.jacobian.rl.observe.RewardWatch;
import dev.jacobian.rl.observe.Span;
import dev.jacobian.rl.observe.StalenessMetrics;
import dev.jacobian.rl.observe.StepClock;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.StepObserver;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.observe.TrainingStep;
import dev.jacobian.rl.recorded.RecordedRollouts;
import dev.jacobian.rl.replay.ReplayBuffer;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.rollout.Buffer;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.EarlyScoring;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.rl.run.RunDirectory;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.run.RunRecord;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Reinforcement learning of a language model on a task with verifiable rewards: the loop that all methods share.
 *
 * <pre>{@code
 * CausalLM model = CausalLM.load(folder);
 * RlResult result = new RlTrainer(model, task, RlConfig.builder().maxSteps(100).build()).train();
 * model.save(target);
 * }</pre>
 *
 * <p>One step: <b>ask</b> for samples of the curriculum's next problems, <b>score</b> them, <b>admit</b> what shall be learned
 * from, <b>credit</b> each token with an advantage, <b>learn</b> in one or several optimizer steps, <b>publish</b> the weights to
 * whoever samples, let others <b>observe</b>. The model that trains is the model that samples, and both use the same kernels
 * in the same order, so a token's log-probability is the same number in both; the difference is measured all the same and
 * reported as {@code sampling/sampling_logp_difference/max}.
 *
 * <p>With an output folder the run can be killed at any moment and resumed to the same bits: all randomness is a function
 * of the seed and counters, so a checkpoint needs no generator state.
 */
public final class RlTrainer {
    private final CausalLM model;
    private final Task task;
    private final RlConfig config;
    private final StepPlan plan;
    private final Learner learner;
    private final PolicyUpdates updates;
    private final Optional<String> valueModelNote;
    private final HeldOutProblems heldOut;
    private final Audience audience = new Audience();
    private final Collector collector;
    private final List<StepObserver> observers = new ArrayList<>();
    private final Workspace workspace = new Workspace();
    private final RlMemory memory;
    private final RewardRun rewardRun;
    private final CompletionText texts;
    private TrainerState state = TrainerState.START;
    private RewardRun.Tally rewardTally = RewardRun.Tally.NONE;
    private final QueuedBatches ahead;
    private Optional<ScheduleFile.Read> replayed = Optional.empty();
    private ScheduleFile.Opened decided = new ScheduleFile.Opened(List.of(), decision -> {});
    private final List<Span> spans = new ArrayList<>(); // since the last step was told of
    private final List<Span> switches = new ArrayList<>(); // of them, those that no step has counted
    private long zero = System.nanoTime(); // second 0 of the run, as if it had gone on since
    private boolean samplesElsewhere;

    /**
     * A trainer for the configuration's method.
     *
     * @throws IllegalStateException if the run cannot fit into the heap, with what would help
     * @throws FormatException if the model cannot complete one of the task's prompts: it is empty or too long
     * @throws IllegalArgumentException if the task has no held-out problems
     */
    public RlTrainer(CausalLM model, Task task, RlConfig config) {
        this(model, task, config, Optional.empty());
    }

    /**
     * The same with a value model of one's own, for a method that has one.
     *
     * @param valueModel whose head gives one number per position; trained with the policy
     * @throws IllegalArgumentException if the method has none of its own, or the model another head or vocabulary
     */
    public RlTrainer(CausalLM model, Task task, RlConfig config, CausalLM valueModel) {
        this(model, task, config, Optional.of(valueModel));
    }

    private RlTrainer(CausalLM model, Task task, RlConfig given, Optional<CausalLM> valueModel) {
        RlConfig config = given.stepsOf(task.trainSize(), "task '" + task.name() + "'");
        model.requireTrainable("training");
        model.requireExactKvCache("training on one's own samples");
        requireNoDropout(model);
        if (!isRecorded(task) && task.evalSize() < 1) {
            throw new IllegalArgumentException("task '" + task.name() + "' has no held-out problems (its evalSize() is "
                    + task.evalSize() + "), so there is nothing to measure pass@1 on before and after training; give it"
                    + " one at least");
        }
        requireRepeatable(task, config);
        Optional<PtxLoss> ptx = PtxLoss.of(model, config.mixture(), config.seed());
        this.memory = RlMemory.of(model, task, config, ptx);
        if (model.device().equals(Device.CPU)) {
            memory.require();
        } else {
            memory.requireCache();
            memory.plan()
                    .requireTraining(model.device(), config.memory().offloadOptimizer(), config.offloadReference());
        }
        if (config.async().isAhead() && !model.device().equals(Device.CPU)) {
            throw new IllegalArgumentException("max_staleness " + config.async().maxStaleness()
                    + " samples from a copy of the weights while others are trained, on two threads at once, which is"
                    + " done on the CPU alone; set it to 0 on " + model.device());
        }
        if (config.cache().kvSwapBytes() > 0 && !model.device().equals(Device.CPU)) {
            throw new IllegalArgumentException("kv_swap_gb is for the CPU; leave it out on " + model.device()
                    + ", where samples that are set aside are computed again");
        }
        model.gradientCheckpointing(config.memory().gradientCheckpointing());
        config.cache().kvCacheBytes().ifPresent(bytes -> model.kvCacheBytes(OptionalLong.of(bytes)));
        model.kvSwapBytes(config.cache().kvSwapBytes());
        config.optimization().balanceExperts(model);
        this.model = model;
        this.task = task;
        this.config = config;
        this.plan = config.plan();
        this.rewardRun = new RewardRun(config.rewardCalls());
        observers.addAll(List.of(
                new RewardMetrics(plan.trl()),
                new RewardTroubles(() -> rewardTally, config.rewardCalls().rewardErrorBudget()),
                new LengthMetrics(),
                new EnvironmentMetrics(),
                new LearningMetrics(),
                new FirstStepWatch(plan.trl() ? plan.updates() : 1),
                new RewardWatch()));
        if (!isRecorded(task)) {
            observers.add(new StalenessMetrics(plan, config.async().isAhead()));
        }
        Optional<ValueModels.Made> values = ValueModels.of(model, config, valueModel, plan.updates(config.maxSteps()));
        this.valueModelNote = values.flatMap(ValueModels.Made::note);
        Optional<Critic> critic = values.map(ValueModels.Made::critic);
        List<Parameter> trained = new ArrayList<>(model.parameters());
        critic.ifPresent(shared -> trained.addAll(shared.parameters()));
        this.learner = new Learner(
                trained,
                config.optimization(),
                plan.updates(config.maxSteps()),
                config.memory().offloadOptimizer());
        this.updates = new PolicyUpdates(model, config, learner, critic, ptx);
        this.texts = new CompletionText(model);
        this.ahead = new QueuedBatches();
        this.collector = new Collector(
                config,
                updates,
                rewardRun,
                (groups, asked) -> asked.isPresent()
                        ? Scoring.score(groups, texts, task, rewardRun, asked.get())
                        : Scoring.score(groups, texts, task, rewardRun),
                task.rewards()
                        .preference()
                        .map(judge -> (scored, others) -> Scoring.against(scored, others, texts, judge)),
                Rollouts.local(model, task),
                Curricula.of(
                        config.curriculum(),
                        task,
                        config.seed(),
                        config.maxSteps(),
                        plan,
                        config.buffer().fresh(plan.groups())),
                config.buffer().isReplay()
                        ? new ReplayBuffer(config.buffer(), plan.groups(), config.seed())
                        : Buffer.none());
        this.heldOut = new HeldOutProblems(model, task, config, workspace, audience::say);
        requireForeseeing();
        this.replayed = config.async().schedule().map(file -> ScheduleFile.read(file, schedule(), rules()));
    }

    /** Rollouts may overtake each other where nobody has to see the rewards of one before the next is drawn. */
    private void requireForeseeing() {
        if (config.async().drops() && (!collector.foresees() || config.partial().isOn())) {
            throw new IllegalArgumentException(
                    "stale_rollouts=drop lets rollouts overtake each other while they wait for"
                            + " rewards, but in this run "
                            + (config.partial().isOn()
                                    ? "samples go on from one rollout to the next (rollout_token_budget)"
                                    : "the next problems, or the groups of a step, depend on rewards of the rollout"
                                            + " before (curriculum, buffer, dynamic_sampling or the method)")
                            + "; leave stale_rollouts out");
        }
    }

    /** What a schedule of this run says first. */
    private ObjectNode schedule() {
        return ScheduleFile.header(config, lastRollout());
    }

    /** What decisions about sampling ahead keep to. */
    private Schedule.Rules rules() {
        return Schedule.Rules.of(
                config.async(), lastRollout(), config.async().isFree() ? this::nextSave : saved -> lastRollout() + 1);
    }

    /** The first rollout behind another after which there is a checkpoint in free mode ({@link #isSaved}). */
    private int nextSave(int rollout) {
        long every = config.saving().saveSteps();
        long step = every == 0 ? config.maxSteps() : (plan.steps(rollout, config.maxSteps()) / every + 1) * every;
        return plan.rollouts((int) Math.min(step, config.maxSteps()));
    }

    private static boolean isRecorded(Task task) {
        return task.recordedPromptTokens().isPresent();
    }

    /** Whether a completion by itself can be said to solve a held-out problem. */
    private boolean isMeasured() {
        return !isRecorded(task) && !Double.isNaN(task.solvedThreshold());
    }

    /** A sample that waits goes on in a session that is told again what was said. */
    private static void requireRepeatable(Task task, RlConfig config) {
        task.environment()
                .filter(environment -> config.partial().isOn() && !environment.isRepeatable())
                .ifPresent(environment -> {
                    throw new IllegalArgumentException("environment '" + environment.name() + "' cannot be told again"
                            + " what was said, so its episodes cannot wait from one rollout to the next; leave"
                            + " rollout_token_budget out");
                });
    }

    private static void requireNoDropout(CausalLM model) {
        double dropout =
                model.adapter().map(adapter -> adapter.config().dropout()).orElse(0.0);
        if (dropout > 0) {
            throw new IllegalArgumentException("the adapter's lora_dropout is " + dropout
                    + ": reinforcement learning trains the very policy that sampled, so nothing may be left out of it;"
                    + " set it to 0");
        }
    }

    /** The memory that the run will need at most, if completions grow to their limit. */
    public MemoryPlan memoryPlan() {
        return memory.plan();
    }

    /** Adds a listener. */
    public RlTrainer listener(TrainingListener listener) {
        audience.add(listener);
        return this;
    }

    /** Adds an observer, whose metrics join the run's. */
    public RlTrainer observer(StepObserver observer) {
        observers.add(observer);
        return this;
    }

    /** Replaces the sampler; with {@code max_staleness} it is shown copies of the weights, and asked on another thread. */
    public RlTrainer rollouts(Rollouts sampler) {
        samplesElsewhere = true;
        collector.rollouts(sampler);
        return this;
    }

    /**
     * Learns from recorded samples, whose task this trainer's is.
     *
     * @throws IllegalArgumentException if they lack the log-probabilities that the method corrects with
     */
    public RlTrainer recorded(RecordedRollouts recorded) {
        if (config.async().isAhead()) {
            throw new IllegalArgumentException("max_staleness " + config.async().maxStaleness()
                    + " lets samples be drawn ahead, but recorded ones are there already; set it to 0");
        }
        collector.recorded(recorded);
        return this;
    }

    /** Replaces what decides about problems; before {@link #output}, which may restore its state. */
    public RlTrainer curriculum(Curriculum choice) {
        collector.curriculum(choice);
        return this;
    }

    /** Replaces where groups wait; before {@link #output}, which may restore its state. */
    public RlTrainer buffer(Buffer choice) {
        collector.buffer(choice);
        return this;
    }

    /**
     * Writes metrics, completions, checkpoints and the trained model to a folder.
     *
     * @param origin recorded in run.json
     * @param resume continue from the last checkpoint there; otherwise the folder must not hold a run yet
     * @throws IllegalStateException if there is a run where none should be, or none where one should be, if another process
     *     works on it, or if it was started with another configuration, model or data
     */
    public RlTrainer output(Path folder, RunOrigin origin, boolean resume) {
        RunRecord record = record(origin);
        replayed.ifPresent(file -> file.requireFor(RunDirectory.madeOf(record, model), folder));
        RunDirectory run = RunDirectory.open(folder, record, model, resume);
        try {
            updates.keepInitial(); // before a checkpoint replaces the weights
            state = run.restore(model, parts()).map(TrainerState::read).orElse(TrainerState.START);
            requireFitting(folder);
            requireKnownTokens(folder);
            boolean sameSamples = !config.async().isFree() || replayed.isPresent();
            rewardRun.journal(
                    run.rewardFailures(),
                    resume ? OptionalInt.of(stepsScored(folder)) : OptionalInt.empty(),
                    sameSamples);
            openSchedule(run);
        } catch (RuntimeException | Error e) {
            run.close();
            throw e;
        }
        audience.directory(run);
        return this;
    }

    private void openSchedule(RunDirectory run) {
        if (!config.async().isFree()) {
            return;
        }
        decided = ScheduleFile.open(run, schedule(), rollouts());
        replayed.ifPresent(file -> file.requireBeginning(decided.made(), run.scheduleFile()));
    }

    /** Of what waits in the checkpoint for later steps. */
    private void requireKnownTokens(Path folder) {
        KnownTokens known = new KnownTokens(model.config().vocabularySize(), folder);
        known.require(collector.underWay().held(), "samples that were under way");
        known.require(groups(collector.buffer().held()), "groups that are kept for later steps");
        ahead.batches().forEach(batch -> {
            known.require(groups(batch.sampled()), "rollouts that were made ahead");
            known.require(groups(batch.admitted()), "rollouts that were made ahead");
        });
    }

    private static List<Group> groups(List<ScoredGroup> scored) {
        return scored.stream().map(ScoredGroup::group).toList();
    }

    private void requireFitting(Path folder) {
        long updates = plan.trl() ? state.step() : (long) state.step() * plan.updates();
        if (learner.updates() != updates) {
            throw new FormatException(
                    "trainer_state.json of the last checkpoint in " + folder,
                    "'updates' is " + learner.updates() + ", but " + state.step() + " steps make " + updates,
                    RunDirectory.EARLIER);
        }
    }

    /** Steps whose samples have their rewards at the last checkpoint: those that were made, and those whose batches are there already. */
    private int stepsScored(Path folder) {
        int expected = state.step() == 0 ? 0 : Math.min(config.async().maxStaleness(), lastRollout() - rollouts());
        int least = config.async().isFree() ? 0 : expected;
        int made = ahead.require(rollouts() + 1, least, expected, folder).size();
        return state.step() + made * (plan.trl() ? plan.updates() : 1);
    }

    private RunRecord record(RunOrigin origin) {
        return new RunRecord(
                SavedConfig.FORMAT,
                config.method().name(),
                config.toJson(),
                config.seed(),
                config.saving(),
                origin.withPtxData(config.mixture().ptxData()),
                SavedConfig::upToDate);
    }

    /** Trains to the last step and, if there is an output folder, writes the trained model and lets the folder go. */
    public RlResult train() {
        try {
            return trainToTheEnd();
        } finally {
            rewardRun.close();
            audience.directory().ifPresent(RunDirectory::close);
        }
    }

    private RlResult trainToTheEnd() {
        long begin = System.nanoTime();
        double before = state.seconds();
        zero = begin - (long) (before * 1e9);
        requireForeseeing(); // curriculum and buffer may be others by now
        audience.begin(activity());
        updates.keepInitial();
        if (model.routerAuxLossCoef() > 0) {
            audience.say("Adding " + model.routerAuxLossCoef() + " times the load-balancing loss of the experts"
                    + " (router_aux_loss_coef)");
        }
        config.method().remarks().forEach(audience::say);
        if (config.async().isAhead() && state.step() == 0) {
            audience.say(onOlderSamples());
        }
        valueModelNote.filter(note -> state.step() == 0).ifPresent(audience::say);
        if (state.step() == 0 && isMeasured()) {
            evaluateBefore();
        }
        try (Batches batches = batches()) {
            while (state.step() < config.maxSteps()) {
                int done = state.step();
                workspace.run(() -> rollout(batches, done));
                state = state.withSeconds(before + (System.nanoTime() - begin) / 1e9);
                if (isSaved(done, state.step())) { // a rollout is not interrupted
                    save(batches);
                    switchTo(batches, rollouts());
                }
            }
        }
        double after = isMeasured() ? measured(config.measuring().finalEvalProblems()) : Double.NaN;
        double seconds = before + (System.nanoTime() - begin) / 1e9;
        RlResult result = new RlResult(
                isMeasured() ? state.passAt1Before() : Double.NaN,
                after,
                state.step(),
                state.samples(),
                seconds,
                ProcessMemory.peakBytes(),
                collector.rollouts().logProbs() == Rollouts.LogProbs.UNKNOWN ? Double.NaN : state.differenceMax());
        audience.directory().ifPresent(run -> run.finish(result.toJson(), model, DType.F32));
        return result;
    }

    /** Rollouts that have been learned from. */
    private int rollouts() {
        return plan.rollouts(state.step());
    }

    private int lastRollout() {
        return plan.rollouts(config.maxSteps());
    }

    /** Where batches come from. */
    private Batches batches() {
        if (!config.async().isAhead()) {
            collector.publish(model, learner.updates());
            return new BatchesInTurn(collector, model, rollouts());
        }
        collector.scoreEarly(problems -> new EarlyScoring(problems, texts, rewardRun.early(task.rewards())));
        SamplingWeights weights = new SamplingWeights(model);
        weights.keep(rollouts(), model);
        if (!samplesElsewhere) {
            collector.rollouts(Rollouts.local(weights.policy(), task));
        }
        BatchesAhead.Making making = new BatchesAhead.Making(
                rules(),
                decisions(),
                decided.log(),
                Duration.ofMillis(Math.round(1000 * config.rewardCalls().rewardTimeout())));
        return new BatchesAhead(collector, weights, model, making, rollouts(), ahead.batches());
    }

    private Decisions decisions() {
        int inflight = config.async().inflight();
        if (!config.async().isFree()) {
            return new Decisions.ByNumber(inflight);
        }
        return replayed.<Decisions>map(file ->
                        new Decisions.FromFile(file.decisions(), decided.made().size()))
                .orElseGet(() -> new Decisions.ByClock(inflight));
    }

    /**
     * Whether there is a checkpoint between these steps; in free mode, whether there would be one with a folder: what waits for it is decided by
     * it, with or without.
     */
    private boolean isSaved(int done, int step) {
        int every = config.saving().saveSteps();
        return (audience.directory().isPresent() || config.async().isFree())
                && (step == config.maxSteps() || every > 0 && step / every > done / every);
    }

    private void save(Batches batches) {
        activity().training(Span.Work.SAVING, 0);
        ahead.set(batches.settle());
        spans.add(Span.of(Span.Work.SAVING, 0, () -> {
                    audience.directory().ifPresent(run -> run.checkpoint(state.step(), state.toJson(), model, parts()));
                    return model;
                })
                .span());
        activity().trained();
    }

    private Activity activity() {
        return collector.activity();
    }

    /** What the method makes of samples that older weights drew. */
    private String onOlderSamples() {
        String older = "Samples come from weights up to " + config.async().maxStaleness()
                + " rollouts older than those that learn (max_staleness). ";
        return config.algorithm().objective().usesOldLogProbs()
                ? older + config.method().name()
                        + " reckons with that: its loss refers to the log-probabilities of the weights that drew a"
                        + " token"
                : older + config.method().name() + " has no ratio, so it learns from them as if they were the policy's"
                        + " own, which is biased the more, the faster the policy moves; grpo and others have one";
    }

    private void evaluateBefore() {
        int wanted = config.measuring().finalEvalProblems();
        heldOut.shortage().ifPresent(audience::say);
        audience.say("Measuring pass@1 on " + heldOut.available(wanted) + " held-out problems before training ...");
        double passAt1 = measured(wanted);
        state = state.withPassAt1Before(passAt1);
        audience.say(String.format(Locale.ROOT, "pass@1 before training: %.1f %%", 100 * passAt1));
        Measurements measurements = new Measurements();
        measurements.put("pass@1", passAt1);
        audience.report(new StepMetrics(0, config.maxSteps(), measurements.values()), List.of());
    }

    private double measured(int problems) {
        activity().training(Span.Work.MEASURING, 0);
        double passAt1 = heldOut.passAt1(problems);
        activity().trained();
        return passAt1;
    }

    /** What a checkpoint holds besides weights and counters. */
    private Checkpointed parts() {
        return new RunParts(
                learner,
                updates,
                collector.curriculum(),
                collector.underWay(),
                collector.buffer(),
                ahead,
                plan.groups());
    }

    // From learning to sampling

    /** Tells that a rollout has been learned from. */
    private void switchTo(Batches batches, int rollout) {
        switching(rollout, () -> batches.learned(rollout));
    }

    private void switching(int rollout, Runnable work) {
        long begin = System.nanoTime();
        work.run();
        Span span = new Span(Span.Work.SWITCHING, rollout, begin, System.nanoTime());
        spans.add(span);
        switches.add(span);
    }

    // One rollout, and the steps on it

    private void rollout(Batches batches, int done) {
        StepClock clock = new StepClock();
        if (config.async().isAhead()) {
            activity().training(Span.Work.WAITING, rollouts() + 1);
        }
        Span.Timed<Batch> awaited = Span.of(Span.Work.WAITING, rollouts() + 1, batches::next);
        Batch batch = awaited.result();
        clock.count(batch.spans());
        spans.addAll(batch.spans());
        if (config.async().isAhead()) {
            clock.count(List.of(awaited.span()));
            spans.add(awaited.span());
        }
        long begin = System.nanoTime();
        rewardTally = batch.rewards();
        List<ScoredGroup> sampled = batch.sampled();
        Map<String, Double> measures = batch.measures();
        PolicyUpdates.Lesson lesson =
                updates.begin(batch.admitted(), collector.rollouts().logProbs(), plan.stepsBefore(batch.number()));
        do {
            activity().training(Span.Work.LEARNING, batch.number());
            List<TrainingStep.Learned> learned = new ArrayList<>();
            do {
                learned.add(lesson.next());
            } while (!plan.trl() && lesson.hasNext());
            spans.add(new Span(Span.Work.LEARNING, batch.number(), begin, System.nanoTime()));
            switching(batch.number(), () -> batches.stepped(learner.updates()));
            boolean over = !lesson.hasNext() || state.step() + 1 == config.maxSteps();
            if (over && !isSaved(done, state.step() + 1)) { // a checkpoint has what was made with earlier weights
                switchTo(batches, batch.number());
            }
            observe(
                    new TrainingStep(
                            state.step() + 1,
                            config.maxSteps(),
                            sampled,
                            lesson.batch(),
                            learned,
                            lesson.klToInitial()),
                    measures,
                    clock);
            measures = Map.of();
            clock = new StepClock();
            begin = System.nanoTime();
            sampled = List.of();
        } while (lesson.hasNext() && state.step() < config.maxSteps());
        activity().trained();
    }

    private void observe(TrainingStep step, Map<String, Double> ofRollout, StepClock clock) {
        Measurements measured = new Measurements();
        ofRollout.forEach(measured::put);
        observers.forEach(observer -> observer.observe(step, measured));
        double difference = measured.values().getOrDefault("sampling/sampling_logp_difference/max", 0.0);
        long tokens = plan.trl() ? step.tokensInTrlsTerms() : step.tokens();
        int samples = step.sampled().stream().mapToInt(g -> g.group().size()).sum();
        state = state.withDifference(difference).advanced(tokens, samples);
        measured.put("num_tokens", (double) state.tokens());
        clock.learned(
                step.number(),
                samples,
                tokens,
                Objects.requireNonNull(measured.values().get("loss")));
        long begin = System.nanoTime();
        int evalSteps = isMeasured() ? config.measuring().evalSteps() : 0;
        if (evalSteps > 0 && step.number() % evalSteps == 0) {
            activity().training(Span.Work.MEASURING, 0);
        }
        new HeldOutMetrics(evalSteps, config.measuring().evalProblems(), heldOut::passAt1).observe(step, measured);
        spans.add(new Span(Span.Work.MEASURING, 0, begin, System.nanoTime()));
        clock.count(switches);
        switches.clear();
        clock.measure(measured, tokens);
        measured.messages().forEach(audience::say);
        audience.report(
                new StepMetrics(step.number(), step.of(), measured.values()),
                CompletionRecord.of(step, config.measuring().logCompletions(), texts));
        audience.directory()
                .ifPresent(run -> run.time(
                        step.number(),
                        spans.stream().map(span -> span.toJson(zero)).toList()));
        spans.clear();
    }
}
