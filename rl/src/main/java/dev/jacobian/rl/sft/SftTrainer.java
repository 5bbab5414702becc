// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.SavedConfig;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunDirectory;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.run.RunRecord;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.TrainingPass;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Supervised fine-tuning on demonstrations: cross-entropy of the tokens that are learned ({@link SftExample}), averaged over all of
 * them in a step.
 *
 * <p>Examples are packed, never padded; prompts cost a forward pass but no loss. The same seed gives the same bits, whatever
 * the number of threads.
 */
public final class SftTrainer {
    private final CausalLM model;
    private final SftDataset data;
    private final SftConfig config;
    private final Workspace workspace = new Workspace();
    private final ExampleCheck examples;
    private final SftMemory memory;
    private final Learner learner;
    private final List<TrainingListener> listeners = new ArrayList<>();
    private Optional<RunDirectory> directory = Optional.empty();
    private DType stored = DType.F32;
    private SftState state = SftState.START;

    /**
     * A trainer of all parameters.
     *
     * @throws IllegalStateException if the run cannot fit into the heap, with what would help
     * @throws dev.jacobian.io.FormatException if an example is too long or has nothing to learn; with file and row
     */
    public SftTrainer(CausalLM model, SftDataset data, SftConfig config) {
        model.requireTrainable("fine-tuning");
        this.model = model;
        this.data = data;
        this.config = config;
        this.examples = new ExampleCheck(model, config);
        List<SftExample> known = data.allExamples();
        this.memory = new SftMemory(model, config, examples.longest(data, known.isEmpty() ? batch(0) : known));
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
                config.maxSteps(),
                config.memory().offloadOptimizer());
    }

    /** The memory that the run will need; for data that is made up, if examples are no longer than those of the first step. */
    public MemoryPlan memoryPlan() {
        return memory.plan();
    }

    /** Adds a listener. */
    public SftTrainer listener(TrainingListener listener) {
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
    public SftTrainer output(Path folder, RunOrigin origin, DType storedAs, boolean resume) {
        RunDirectory run = RunDirectory.open(folder, record(origin), model, resume);
        try {
            state = run.restore(model, learner).map(SftState::read).orElse(SftState.START);
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
                "sft",
                config.toJson(),
                config.seed(),
                config.saving().saveTotalLimit(),
                origin,
                (run, file) -> SftConfig.read(run, file).toJson());
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
        SftState before = state;
        while (state.step() < config.maxSteps()) {
            List<ExampleTokens.Encoded> batch = batch(state.step()).stream()
                    .map(example -> examples.encode(data, example))
                    .toList();
            List<int[]> sequences =
                    batch.stream().map(ExampleTokens.Encoded::tokens).toList();
            List<int[]> labels =
                    batch.stream().map(ExampleTokens.Encoded::labels).toList();
            double[] balance = new double[1];
            Update update = workspace.compute(() -> learner.update(() -> {
                TrainingPass.Loss loss = accumulate(pass, sequences, labels);
                balance[0] = loss.balance();
                return loss.crossEntropy() + model.routerAuxLossCoef() * loss.balance();
            }));
            long tokens =
                    state.tokens() + sequences.stream().mapToLong(s -> s.length).sum();
            double spent = (System.nanoTime() - begin) / 1e9;
            state = new SftState(state.step() + 1, tokens, update.loss(), before.seconds() + spent);
            boolean last = state.step() == config.maxSteps();
            if (last || state.step() % config.loggingSteps() == 0) {
                Map<String, Double> values = new LinkedHashMap<>();
                values.put("loss", update.loss());
                if (model.routerAuxLossCoef() > 0) {
                    values.put("aux_loss", balance[0]);
                }
                values.put("grad_norm", update.gradientNorm());
                values.put("learning_rate", update.learningRate());
                values.put("num_tokens", (double) tokens);
                values.put("tokens_per_s", (tokens - before.tokens()) / spent);
                publish(new StepMetrics(state.step(), config.maxSteps(), values));
            }
            int saveSteps = config.saving().saveSteps();
            if (last || saveSteps > 0 && state.step() % saveSteps == 0) {
                directory.ifPresent(run -> run.checkpoint(state.step(), state.toJson(), model, learner));
            }
        }
    }

    private void publish(StepMetrics metrics) {
        directory.ifPresent(run -> run.log(metrics.step(), metrics.values(), List.of()));
        listeners.forEach(listener -> listener.onStep(metrics));
    }

    /** The examples of a step, counted from 0. */
    private List<SftExample> batch(int step) {
        long first = (long) step * config.batchSize();
        return LongStream.range(first, first + config.batchSize())
                .mapToObj(index -> data.example(config.seed(), index))
                .toList();
    }

    /**
     * Adds the gradient of the mean loss over all completion tokens, and of the load-balancing loss of each micro-batch by its
     * share of the step's tokens; returns both.
     */
    private TrainingPass.Loss accumulate(TrainingPass pass, List<int[]> sequences, List<int[]> labels) {
        long counted = labels.stream()
                .mapToLong(label -> Arrays.stream(label)
                        .filter(l -> l != LabelledBatch.IGNORE)
                        .count())
                .sum();
        double all = sequences.stream().mapToLong(sequence -> sequence.length).sum();
        double loss = 0;
        double balance = 0;
        int from = 0;
        while (from < sequences.size()) {
            int to = from;
            int tokens = 0;
            while (to < sequences.size()
                    && (to == from
                            || tokens + sequences.get(to).length
                                    <= config.memory().microBatchTokens())) {
                tokens += sequences.get(to++).length;
            }
            LabelledBatch batch = LabelledBatch.of(sequences.subList(from, to), labels.subList(from, to));
            float[] weights = new float[batch.targets().length];
            Arrays.fill(weights, 1f / counted);
            double share = tokens / all;
            model.beginDropout(((long) state.step() << 32) + from);
            TrainingPass.Loss part = pass.run(batch, weights, (float)
                    (share * model.routerAuxLossCoef())); // in a scope of its own, within the step's
            model.endDropout();
            loss += part.crossEntropy();
            balance += share * part.balance();
            from = to;
        }
        return new TrainingPass.Loss(loss, balance);
    }
}
