// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.rl.StepMetrics;
import dev.jacobian.rl.TrainingListener;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.TrainingPass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Supervised fine-tuning on demonstrations: cross-entropy of the completion's tokens, the end token among them, averaged over
 * all completion tokens of a step.
 *
 * <p>Examples are packed, never padded; prompts cost a forward pass but no loss. The same seed gives the same bits, whatever
 * the number of threads.
 */
public final class SftTrainer {
    private final CausalLM model;
    private final SftDataset data;
    private final SftConfig config;
    private final Workspace workspace = new Workspace();
    private final SftMemory memory;
    private final List<TrainingListener> listeners = new ArrayList<>();

    /**
     * A trainer of all parameters.
     *
     * @throws IllegalStateException if the run cannot fit into the heap, with what would help
     */
    public SftTrainer(CausalLM model, SftDataset data, SftConfig config) {
        model.requireTrainable("fine-tuning");
        this.model = model;
        this.data = data;
        this.config = config;
        List<int[]> examples = new ArrayList<>();
        for (int i = 0; i < config.batchSize(); i++) {
            encode(data.example(config.seed(), i), examples, new ArrayList<>());
        }
        this.memory = new SftMemory(model.config(), config, examples);
        if (model.device().equals(Device.CPU)) {
            memory.require();
        } else {
            memory.plan().requireTraining(model.device(), config.memory().offloadOptimizer());
        }
        model.gradientCheckpointing(config.memory().gradientCheckpointing());
    }

    /** The memory that the run will need, if examples are no longer than those of the first step. */
    public MemoryPlan memoryPlan() {
        return memory.plan();
    }

    /** Adds a listener. */
    public SftTrainer listener(TrainingListener listener) {
        listeners.add(listener);
        return this;
    }

    /** Trains to the last step and returns the last step's loss. */
    public double train() {
        try (TrainingPass pass = new TrainingPass(model)) {
            return train(pass);
        }
    }

    private double train(TrainingPass pass) {
        Learner learner = new Learner(
                model.parameters(),
                config.optimization(),
                config.maxSteps(),
                config.memory().offloadOptimizer());
        double loss = 0;
        long tokens = 0;
        long begin = System.nanoTime();
        for (int step = 0; step < config.maxSteps(); step++) {
            List<int[]> sequences = new ArrayList<>();
            List<int[]> labels = new ArrayList<>();
            for (int i = 0; i < config.batchSize(); i++) {
                encode(data.example(config.seed(), (long) step * config.batchSize() + i), sequences, labels);
            }
            Update update = workspace.compute(() -> learner.update(() -> accumulate(pass, sequences, labels)));
            loss = update.loss();
            tokens += sequences.stream().mapToInt(s -> s.length).sum();
            if ((step + 1) % config.loggingSteps() == 0 || step + 1 == config.maxSteps()) {
                Map<String, Double> values = new LinkedHashMap<>();
                values.put("loss", loss);
                values.put("grad_norm", update.gradientNorm());
                values.put("learning_rate", update.learningRate());
                values.put("num_tokens", (double) tokens);
                values.put("tokens_per_s", tokens / ((System.nanoTime() - begin) / 1e9));
                StepMetrics metrics = new StepMetrics(step + 1, config.maxSteps(), values);
                listeners.forEach(listener -> listener.onStep(metrics));
            }
        }
        return loss;
    }

    private void encode(SftExample example, List<int[]> sequences, List<int[]> labels) {
        Tokenizer tokenizer = model.tokenizer();
        int[] prompt = tokenizer.encode(example.prompt(), true);
        int[] completion = tokenizer.encode(example.completion(), false);
        int eos = model.eosTokenIds().stream()
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "the model has no end token; give eos_token_id in generation_config.json"));
        int[] sequence = Arrays.copyOf(prompt, prompt.length + completion.length + 1);
        System.arraycopy(completion, 0, sequence, prompt.length, completion.length);
        sequence[sequence.length - 1] = eos;
        if (sequence.length > Math.min(config.maxLength(), model.config().maxPositions())) {
            throw new IllegalArgumentException("an example has " + sequence.length + " tokens, more than max_length "
                    + config.maxLength() + " or the model's " + model.config().maxPositions()
                    + " positions; shorten it or raise max_length: "
                    + example.prompt().strip());
        }
        int[] label = sequence.clone();
        Arrays.fill(label, 0, prompt.length, LabelledBatch.IGNORE);
        sequences.add(sequence);
        labels.add(label);
    }

    /** Adds the gradient of the mean loss over all completion tokens; returns that loss. */
    private double accumulate(TrainingPass pass, List<int[]> sequences, List<int[]> labels) {
        long counted = labels.stream()
                .mapToLong(label -> Arrays.stream(label)
                        .filter(l -> l != LabelledBatch.IGNORE)
                        .count())
                .sum();
        double loss = 0;
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
            loss += pass.run(batch, weights); // in a scope of its own, within the step's
            from = to;
        }
        return loss;
    }
}
