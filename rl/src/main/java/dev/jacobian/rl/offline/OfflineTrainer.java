// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.rl.SavedConfig;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.LossPasses;
import dev.jacobian.rl.learn.LossValue;
import dev.jacobian.rl.learn.Meter;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.rl.learn.ReferencePolicy;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.rl.run.RunDirectory;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.run.RunRecord;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.PaddedLogits;
import dev.jacobian.transformer.TokenScores;
import dev.jacobian.transformer.TrainingPass;
import dev.jacobian.transformer.plan.Head;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Trains a model with an {@link OfflineMethod}: examples, micro-batches, a loss over log-probabilities, one optimizer step for each window
 * of micro-batches, metrics, checkpoints.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Examples are packed, never padded, and what sequences share is computed once. Logits of a batch never exist.
 *   <li>A loss is a closed form that says its own derivative, so a micro-batch that is too large for one pass ({@code
 *       micro_batch_tokens}) is scored in parts, then gone through again with the derivative of the whole: losses that compare
 *       examples are the same however they are cut. Where the derivative is known beforehand there is one pass.
 *   <li>What a run computes depends on its settings and its seed alone, and a resumed run has the same bits.
 * </ul>
 *
 * @param <E> the method's examples
 */
public final class OfflineTrainer<E> {
    private final CausalLM model;
    private final OfflineMethod<E> method;
    private final Examples<E> data;
    private final OfflineConfig config;
    private final Reading reading;
    private final Teaching.Source<E> source;
    private final BatchPlan plan;
    private final int steps;
    private final OfflineMemory memory;
    private final Learner learner;
    private final Optional<Reference> reference;
    private final Workspace workspace = new Workspace();
    private final List<TrainingListener> listeners = new ArrayList<>();
    private Optional<RunDirectory> directory = Optional.empty();
    private DType stored = DType.F32;
    private OfflineState state = OfflineState.START;

    /**
     * A trainer of all parameters.
     *
     * @param method the configuration's
     * @throws IllegalStateException if the run cannot fit into the heap, with what would help
     */
    public OfflineTrainer(CausalLM model, OfflineMethod<E> method, Examples<E> data, OfflineConfig config) {
        this(model, method, data, config, Teaching.none(method));
    }

    /** The same with teachers, or with examples that are made as the run goes ({@link DistillationMethod#teaching}). */
    public OfflineTrainer(
            CausalLM model, OfflineMethod<E> method, Examples<E> data, OfflineConfig config, Teaching<E> teaching) {
        requireHead(model, method);
        model.requireTrainable(method instanceof Sft ? "fine-tuning" : method.name());
        this.model = model;
        this.method = method;
        this.data = data;
        this.config = config;
        this.plan = config.batches(data.listed().size());
        this.steps = config.steps(data.listed().size());
        this.reading = teaching.reading();
        this.source = teaching.source();
        this.memory = new OfflineMemory(model, config, longest() + teaching.sampled(), teaching);
        if (model.device().equals(Device.CPU)) {
            memory.require();
        } else {
            memory.plan().requireTraining(model.device(), config.memory().offloadOptimizer());
        }
        model.gradientCheckpointing(config.memory().gradientCheckpointing());
        config.optimization().balanceExperts(model);
        this.learner = new Learner(
                model.parameters(),
                config.optimization(),
                steps,
                config.memory().offloadOptimizer());
        this.reference = method.needsReference()
                ? Optional.of(
                        teaching.teachers().isEmpty()
                                ? Reference.of(
                                        model,
                                        method,
                                        data.listed(),
                                        config.memory().microBatchTokens())
                                : Reference.of(
                                        teaching.teachers(), config.memory().microBatchTokens()))
                : Optional.empty();
    }

    /**
     * A trainer of all parameters on demonstrations: supervised fine-tuning.
     *
     * @param config of the method {@code sft}
     * @throws IllegalArgumentException if it is another's
     * @throws dev.jacobian.io.FormatException if an example is too long or has nothing to learn; with file and row
     */
    public static OfflineTrainer<Demonstration> sft(CausalLM model, SftDataset data, OfflineConfig config) {
        if (!(config.method() instanceof Sft method)) {
            throw new IllegalArgumentException(
                    "demonstrations are for sft, not for " + config.method().name());
        }
        model.requireTrainable("fine-tuning");
        return new OfflineTrainer<>(model, method, Examples.of(data, method, model, config), config);
    }

    private static void requireHead(CausalLM model, OfflineMethod<?> method) {
        int wanted = method.head().map(Head.Scores::labels).orElse(0);
        if (model.labels() != wanted) {
            throw new IllegalArgumentException(method.name() + " trains "
                    + (wanted == 0
                            ? "language models, and this one scores sequences"
                            : "a model whose head scores with " + wanted + " labels, and this one "
                                    + (model.labels() == 0 ? "is a language model" : "has " + model.labels())
                                    + "; load it with CausalLM.loadScoring"));
        }
    }

    private int longest() {
        List<E> known = data.listed().isEmpty() ? data.at(plan.window(0).getFirst()) : data.listed();
        int longest = 2;
        for (E example : known) {
            int tokens = 0;
            for (Span span : method.spans(List.of(example))) {
                tokens += span.tokens().length;
            }
            longest = Math.max(longest, tokens);
        }
        return longest;
    }

    /** The memory that the run will need; for data that is made up, if examples are no longer than those of the first step. */
    public MemoryPlan memoryPlan() {
        return memory.plan();
    }

    /** Optimizer steps of the run. */
    public int steps() {
        return steps;
    }

    /** Adds a listener. */
    public OfflineTrainer<E> listener(TrainingListener listener) {
        listeners.add(listener);
        return this;
    }

    /**
     * Writes metrics, checkpoints and the trained model to a folder, from which the run can be resumed to the same bits.
     *
     * @param origin recorded in run.json
     * @param storedAs how the trained model's weights are stored; checkpoints are always F32
     * @param resume continue from the last checkpoint there; otherwise the folder must not hold a run yet
     * @throws IllegalStateException if there is a run where none should be, or none where one should be, if another process
     *     works on it, or if it was started with another configuration, model or data
     */
    public OfflineTrainer<E> output(Path folder, RunOrigin origin, DType storedAs, boolean resume) {
        RunDirectory run = RunDirectory.open(folder, record(origin), model, resume);
        try {
            state = run.restore(model, parts()).map(OfflineState::read).orElse(OfflineState.START);
        } catch (RuntimeException | Error e) {
            run.close();
            throw e;
        }
        stored = storedAs;
        directory = Optional.of(run);
        return this;
    }

    private RunRecord record(RunOrigin origin) {
        return new RunRecord(
                SavedConfig.FORMAT,
                method.name(),
                config.toJson(),
                config.seed(),
                config.saving(),
                origin,
                (run, file) -> OfflineConfig.read(run, file).toJson());
    }

    private Optional<ReferencePolicy> anchor() {
        return reference.flatMap(Reference::model);
    }

    /** All that moves beside the weights and the trainer's own fields. */
    private Checkpointed parts() {
        return new Checkpointed() {
            @Override
            public void save(Path checkpoint, ObjectNode json) {
                learner.save(checkpoint, json);
                anchor().ifPresent(policy -> policy.save(checkpoint, json));
            }

            @Override
            public void restore(Path checkpoint, JsonNode json) {
                learner.restore(checkpoint, json);
                anchor().ifPresent(policy -> policy.restore(checkpoint, json));
            }
        };
    }

    /** Trains to the last step, writes the trained model if there is an output folder, and returns the last step's loss. */
    public double train() {
        try {
            try (TrainingPass pass = new TrainingPass(model)) {
                train(pass);
            }
            directory.ifPresent(run -> run.finish(result(), model, stored));
            return state.loss();
        } finally {
            directory.ifPresent(RunDirectory::close);
        }
    }

    private ObjectNode result() {
        ObjectNode json = Json.object();
        json.put("loss", state.loss());
        json.put("steps", state.step());
        json.put("seconds", state.seconds());
        return json;
    }

    private void train(TrainingPass pass) {
        if (model.routerAuxLossCoef() > 0) {
            String line = "Adding " + model.routerAuxLossCoef() + " times the load-balancing loss of the experts"
                    + " (router_aux_loss_coef)";
            listeners.forEach(listener -> listener.onMessage(line));
        }
        long begin = System.nanoTime();
        OfflineState before = state;
        while (state.step() < steps) {
            List<MicroBatch<E>> window = examples(state.step());
            Meter meter = new Meter();
            Map<String, Double> remembered = new TreeMap<>(state.memory());
            Update update = workspace.compute(() -> learner.update(() -> accumulate(pass, window, meter, remembered)));
            long tokens = state.tokens()
                    + window.stream()
                            .flatMap(batch -> batch.examples().stream())
                            .mapToLong(method::tokens)
                            .sum();
            double spent = (System.nanoTime() - begin) / 1e9;
            state = new OfflineState(state.step() + 1, tokens, update.loss(), before.seconds() + spent, remembered);
            anchor().ifPresent(policy -> policy.follow(state.step()));
            if (isLogged(state.step())) {
                Map<String, Double> values = new LinkedHashMap<>();
                values.put("loss", update.loss());
                values.put("grad_norm", update.gradientNorm());
                values.put("learning_rate", update.learningRate());
                meter.forEach(values::put);
                values.put("num_tokens", (double) tokens);
                values.put("tokens_per_s", (tokens - before.tokens()) / spent);
                publish(new StepMetrics(state.step(), steps, values));
            }
            int saveSteps = config.saving().saveSteps();
            if (state.step() == steps || saveSteps > 0 && state.step() % saveSteps == 0) {
                directory.ifPresent(run -> run.checkpoint(state.step(), state.toJson(), model, parts()));
            }
        }
    }

    /**
     * Examples that are learned from together.
     *
     * @param places where they are in the data
     */
    private record MicroBatch<E>(List<Long> places, List<E> examples) {}

    private List<MicroBatch<E>> examples(int step) {
        List<MicroBatch<E>> window = new ArrayList<>();
        for (List<Long> places : plan.window(step)) {
            window.add(new MicroBatch<>(places, source.examples(step, window.size(), data.at(places))));
        }
        return window;
    }

    private boolean isLogged(int step) {
        return step == steps || step % config.loggingSteps() == 0;
    }

    private void publish(StepMetrics metrics) {
        directory.ifPresent(run -> run.log(metrics.step(), metrics.values(), List.of()));
        listeners.forEach(listener -> listener.onStep(metrics));
    }

    /** Adds the gradient of a step; returns its loss. */
    private double accumulate(
            TrainingPass pass, List<MicroBatch<E>> microBatches, Meter meter, Map<String, Double> remembered) {
        long units = microBatches.stream()
                .flatMap(batch -> batch.examples().stream())
                .mapToLong(method::units)
                .sum();
        Window window = new Window(microBatches.size(), units);
        model.parameters().forEach(Parameter::provideGrad); // a loss without slope is a gradient of zeros, not none
        LossPasses passes = new LossPasses(
                model,
                state.step(),
                microBatches.stream()
                        .flatMap(batch -> method.spans(batch.examples()).stream())
                        .mapToLong(span -> span.tokens().length)
                        .sum());
        double loss = 0;
        for (MicroBatch<E> batch : microBatches) {
            loss += microBatch(pass, batch, window, meter, remembered, passes);
            meter.endMicroBatch();
        }
        passes.auxLoss().ifPresent(balance -> meter.pooled("aux_loss", balance, 1));
        return loss + passes.ownLoss();
    }

    private Optional<PaddedMetrics.Logits> padded(List<E> examples) {
        List<int[]> sequences = method.padded(examples);
        if (sequences.isEmpty() || !PaddedLogits.isKnownFor(model)) {
            return Optional.empty();
        }
        int padding = model.tokenizer()
                .padId()
                .orElseGet(() -> model.eosTokenIds().iterator().next());
        int length =
                sequences.stream().mapToInt(sequence -> sequence.length).max().orElseThrow();
        float[][] means = new PaddedLogits(model, padding)
                .means(sequences, length, config.memory().microBatchTokens());
        return Optional.of(new PaddedMetrics.Logits(means, model.config().vocabularySize()));
    }

    private double microBatch(
            TrainingPass pass,
            MicroBatch<E> batch,
            Window window,
            Meter meter,
            Map<String, Double> remembered,
            LossPasses passes) {
        List<E> examples = batch.examples();
        List<Span> spans = method.spans(examples);
        List<Span> aside = method.aside(examples);
        int limit = config.memory().microBatchTokens();
        // what needs no gradient comes first: its weights and activations are not wanted while others are held
        Optional<SpanScores> ofReference = reference.map(policy -> policy.score(batch.places(), spans));
        Optional<SpanScores> asideOfReference = reference.map(policy -> policy.scoreAside(aside));
        SpanScores asideOfPolicy = Scorer.score(model, aside, limit, reading);
        Optional<PaddedMetrics.Logits> padded = isLogged(state.step() + 1) ? padded(examples) : Optional.empty();
        List<PackedSpans> parts = PackedSpans.cut(spans, limit, reading, passes.wantsAllRows());
        List<LabelledBatch> batches = parts.stream().map(PackedSpans::batch).toList();
        Function<TokenScores, LossValue> lossOf = scores -> method.loss(new Batch<>(
                        examples,
                        SpanScores.of(parts, scores),
                        ofReference,
                        asideOfPolicy,
                        asideOfReference,
                        padded,
                        window,
                        meter,
                        remembered))
                .of(parts);
        OptionalDouble constant = method.constantDerivative(window);
        if (constant.isEmpty()) {
            return passes.run(batches, reading, lossOf);
        }
        float[] derivatives =
                new float[parts.stream().mapToInt(PackedSpans::numbers).sum()];
        Arrays.fill(derivatives, (float) constant.getAsDouble());
        return lossOf.apply(passes.known(pass, batches, reading, derivatives)).value();
    }
}
