// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.config.ModelFamily;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A decoder language model with its head and tokenizer: what a Hugging Face checkpoint folder holds.
 *
 * <pre>{@code
 * CausalLM model = CausalLM.load(Path.of("Qwen2.5-0.5B"));
 * System.out.println(new Generator(model).generate("Once upon a time", GenerationConfig.greedy(64)).text());
 * }</pre>
 *
 * <p>Decisions: arithmetic is F32 whatever the file's type, unless a GPU is told to compute in BF16 ({@link ModelOptions});
 * weights that are trained stay F32 even then. Batches are packed, never padded. The same code computes
 * hidden states for training, scoring and decoding, so log-probabilities are the same bits in all three.
 *
 * <p>Reading a model from several threads is safe while nobody trains it.
 */
public final class CausalLM {
    private final DecoderConfig config;
    private final CheckpointFiles files;
    private final Set<Integer> eosTokenIds;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Decoder decoder;
    private final LinearWeight head; // [V, D]
    private final ModelOptions options;

    CausalLM(DecoderConfig config, CheckpointFiles files, Weights source) {
        this(config, files, source, ModelOptions.DEFAULT);
    }

    private CausalLM(DecoderConfig config, CheckpointFiles files, Weights source, ModelOptions options) {
        this.config = config;
        this.options = options;
        this.files = files;
        this.eosTokenIds = Collections.unmodifiableSet(files.eosTokenIds(config));
        Weights collecting = new CollectingWeights(source, parameters);
        this.decoder = new Decoder(config, collecting, options.computeType());
        this.head = config.tiedEmbeddings()
                ? collecting.tiedHead(Decoder.EMBEDDING, decoder.embedding())
                : collecting.linear("lm_head.weight", config.vocabularySize(), config.hiddenSize());
    }

    /**
     * Loads a checkpoint folder: config.json, safetensors (one file or shards) and, if there is one, the tokenizer.
     *
     * @throws dev.jacobian.io.FormatException if a file is missing, broken or of an unsupported kind
     * @throws IllegalStateException if the weights do not fit into the heap
     */
    public static CausalLM load(Path folder) {
        return load(folder, WeightFormat.F32);
    }

    /**
     * The same with weights held in a format of their own, for inference: a narrower one takes less memory and decodes
     * faster. A model in another format than F32 has no parameters to train and cannot be saved.
     *
     * <p>Linear layers and the head are held in the format, embeddings as BF16 rows, norms and biases in F32. A BF16
     * checkpoint loaded as BF16 computes the bits of the same checkpoint loaded as F32.
     *
     * @throws dev.jacobian.io.FormatException if a file is missing, broken or of an unsupported kind
     * @throws IllegalStateException if the weights do not fit into the heap
     * @throws IllegalArgumentException if the format is quantized and a weight is NaN, infinite or beyond its scales
     */
    public static CausalLM load(Path folder, WeightFormat format) {
        return load(folder, ModelOptions.DEFAULT.weights(format));
    }

    /**
     * The same on a device and computing in a type of one's choice.
     *
     * @throws dev.jacobian.tensor.DeviceException if the device cannot be used or has too little memory
     */
    public static CausalLM load(Path folder, ModelOptions options) {
        DecoderConfig config = ModelFamily.read(folder);
        MemoryPlan plan = MemoryPlan.inference(config, options.weights());
        if (options.device().equals(Device.CPU)) {
            plan.require("loading " + folder);
        } else {
            requireHeads(config, options.device(), folder);
            plan.requireWeights(options.device(), "loading " + folder);
        }
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            CheckpointWeights weights = new CheckpointWeights(tensors, config, folder);
            Weights held = options.weights() == WeightFormat.F32
                    ? new PlacedWeights(weights, options.device())
                    : new FrozenWeights(weights, options.weights(), options.device());
            CausalLM model = new CausalLM(config, CheckpointFiles.read(folder), held, options);
            weights.requireAllUsed();
            return model;
        }
    }

    /** Now rather than after the loading of gigabytes. */
    private static void requireHeads(DecoderConfig config, Device device, Path folder) {
        int most = Backends.of(device).attention().maxHeadDim();
        if (config.headDim() > most) {
            throw new IllegalArgumentException(folder + " has attention heads of " + config.headDim() + " elements, "
                    + device + " computes with up to " + most + "; use --device cpu");
        }
    }

    /**
     * A model with fresh weights: normal with the configuration's standard deviation, norms 1, biases 0, as transformers
     * initialises. The same seed gives the same bits everywhere.
     *
     * @param tokenizerFolder where tokenizer.json and its companions are, or empty
     */
    public static CausalLM create(DecoderConfig config, Optional<Path> tokenizerFolder, long seed) {
        CheckpointFiles files =
                tokenizerFolder.isPresent() ? CheckpointFiles.read(tokenizerFolder.get()) : CheckpointFiles.none();
        return new CausalLM(config, files, new FreshWeights(config, seed));
    }

    /** A second model with the same weights, which training of this one does not change; itself if it cannot be trained. */
    public CausalLM copy() {
        if (options.weights() != WeightFormat.F32) {
            return this;
        }
        Weights copied =
                (name, extents) -> Var.parameter(name, parameter(name).value().copy());
        return new CausalLM(config, files, copied, options);
    }

    /**
     * A second model with the same weights on another device, or computing in another type.
     *
     * @throws IllegalStateException if the weights are not F32
     */
    public CausalLM to(Device device, DType computeType) {
        requireTrainable("moving to " + device);
        Weights moved = (name, extents) -> {
            Tensor own = parameter(name).value();
            return Var.parameter(name, own.device().equals(device) ? own.copy() : own.to(device));
        };
        return new CausalLM(
                config, files, moved, ModelOptions.DEFAULT.on(device).computingIn(computeType));
    }

    /**
     * Gives the memory of a model on a device back now instead of when the garbage collector finds it; the model cannot be used
     * any more. A model on the CPU has nothing to give back.
     */
    public void close() {
        parameters.forEach(Parameter::close);
    }

    /** Where the weights are and the model computes. */
    public Device device() {
        return options.device();
    }

    /** The type of hidden states and of the numbers that matrix products read. */
    public DType computeType() {
        return options.computeType();
    }

    /** The configuration. */
    public DecoderConfig config() {
        return config;
    }

    /** How the weights are held. */
    public WeightFormat weightFormat() {
        return options.weights();
    }

    /**
     * Refuses a model that cannot be trained or saved.
     *
     * @param task what was to be done, for the message
     * @throws IllegalStateException if the weights are not F32
     */
    public void requireTrainable(String task) {
        if (options.weights() != WeightFormat.F32) {
            throw new IllegalStateException(
                    task + " needs F32 weights, but this model was loaded as " + options.weights()
                            + ", for inference alone; load it with WeightFormat.F32 (on the command line without"
                            + " --weights)");
        }
    }

    /**
     * All parameters that can be trained, in checkpoint order; a tied head is not listed a second time. None unless weights
     * are held as F32.
     */
    public List<Parameter> parameters() {
        return List.copyOf(parameters);
    }

    /** The parameter of a checkpoint name. */
    public Parameter parameter(String name) {
        return parameters.stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the model has no parameter '" + name + "'"));
    }

    /** The head's weight, [V, D]; the embedding itself when tied and trainable. */
    public LinearWeight head() {
        return head;
    }

    /**
     * The tokenizer.
     *
     * @throws IllegalStateException if the checkpoint has none
     */
    public Tokenizer tokenizer() {
        return files.tokenizer()
                .orElseThrow(() -> new IllegalStateException(
                        "the checkpoint has no tokenizer.json; put it beside config.json or pass token ids"));
    }

    /** Whether there is a tokenizer. */
    public boolean hasTokenizer() {
        return files.tokenizer().isPresent();
    }

    /** Ids that end a sequence, from generation_config.json, else config.json, else the tokenizer. */
    public Set<Integer> eosTokenIds() {
        return eosTokenIds;
    }

    /**
     * Turns activation checkpointing on or off: when on, training keeps one hidden state per layer and computes the rest
     * again in backward, for about a third more arithmetic. The gradients have the same bits.
     */
    public CausalLM gradientCheckpointing(boolean on) {
        decoder.checkpointLayers(on);
        return this;
    }

    // Forward

    /**
     * Hidden states after the final norm of a packed batch.
     *
     * @param tokens [N] token ids
     * @param segments how they divide into sequences
     * @return [N, D]
     */
    public Var hidden(int[] tokens, Segments segments) {
        return hidden(tokens, segments, state -> {});
    }

    /** The same, showing the embeddings and the raw output of every layer, in order, to a listener. */
    public Var hidden(int[] tokens, Segments segments, Consumer<Var> listener) {
        return decoder.hidden(tokens, segments, Optional.empty(), new int[0], listener);
    }

    /** Hidden states of tokens that continue cached sequences; extends the cache. Only inside {@link NoGrad}. */
    public Var hidden(int[] tokens, Segments segments, KvCache cache, int[] sequences) {
        return hidden(tokens, segments, cache, sequences, state -> {});
    }

    /** The same with a listener, which is shown nothing of a step that a device replays. */
    Var hidden(int[] tokens, Segments segments, KvCache cache, int[] sequences, Consumer<Var> listener) {
        return decoder.hidden(tokens, segments, Optional.of(cache), sequences, listener);
    }

    /** What a replayed pass over a batch was captured with, beside weights and gradients. */
    Object passConstants(Segments segments) {
        return decoder.passConstants(segments);
    }

    /** Refuses ids outside of the vocabulary, before a pass that does not look at them. */
    void requireTokens(int[] tokens) {
        for (int token : tokens) {
            decoder.requireToken(token);
        }
    }

    /** An empty cache for this model. */
    public KvCache newKvCache() {
        return Backends.of(device())
                .attention()
                .newKvCache(config.layers(), config.kvHeads(), config.headDim(), computeType());
    }

    /**
     * Logits of chosen rows, without gradient.
     *
     * @param hidden [N, D] from {@link #hidden}
     * @param rows [R] rows of it
     * @return [R, V]
     */
    public Tensor logits(Var hidden, int[] rows) {
        return NoGrad.compute(() -> TokenLogProbs.logits(hidden, head, rows));
    }

    /** Logits of one sequence at every position, [T, V]. */
    public Tensor logits(int[] tokens) {
        return NoGrad.compute(() -> {
            int[] rows = new int[tokens.length];
            Arrays.setAll(rows, i -> i);
            return logits(hidden(tokens, Segments.of(tokens.length)), rows);
        });
    }

    /**
     * Log-probabilities of chosen tokens, differentiable, and entropies; logits of the batch never exist.
     *
     * @param hidden [N, D] from {@link #hidden}
     * @param rows [R] the row that predicts each token
     * @param targets [R] the tokens
     */
    public TokenLogProbs.Result logProbs(Var hidden, int[] rows, int[] targets, float temperature) {
        return TokenLogProbs.tokenLogProbs(hidden, head, rows, targets, temperature);
    }

    /**
     * Mean cross-entropy in nats, as transformers computes {@code model(input_ids, labels=labels).loss}.
     *
     * @param sequences token ids
     * @param labels same shape; {@code labels[t]} is the target of the prediction at t − 1, −100 does not count
     * @throws IllegalStateException outside of {@link NoGrad} if the weights are not F32
     */
    public Var loss(List<int[]> sequences, List<int[]> labels) {
        if (!NoGrad.isActive()) {
            requireTrainable("the gradient of a loss");
        }
        LabelledBatch batch = LabelledBatch.of(sequences, labels);
        if (batch.targets().length == 0) {
            throw new IllegalArgumentException("no label counts: every label is -100 or at the first position");
        }
        Var logProbs = logProbs(hidden(batch.tokens(), batch.segments()), batch.rows(), batch.targets(), 1f)
                .logProbs();
        return Elementwise.scale(Reduction.mean(logProbs), -1f);
    }

    // Saving

    /** Writes the checkpoint in F32, as a folder that other software loads; an existing folder is replaced whole. */
    public void save(Path folder) {
        save(folder, DType.F32);
    }

    /** The same with weights stored as F32, BF16 or F16. */
    public void save(Path folder, DType stored) {
        requireTrainable("saving");
        dev.jacobian.io.AtomicFiles.writeDirectory(folder, directory -> saveInto(directory, stored));
    }

    /** Writes the checkpoint's files into an existing folder, for callers that make a larger whole atomic. */
    public void saveInto(Path directory, DType stored) {
        requireTrainable("saving");
        CheckpointWriter.write(directory, this, files, stored);
    }

    @Override
    public String toString() {
        return config.family() + " with " + config.parameters() + " parameters";
    }
}
