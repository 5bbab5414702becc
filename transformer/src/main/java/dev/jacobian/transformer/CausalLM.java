// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.TokenDivergence;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

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
    private final Map<String, Parameter> parameters;
    private final Map<String, Tensor> buffers;
    private final Backbone backbone;
    private final Optional<TokenHead> tokenHead;
    private final Optional<ScoreHead> scoreHead;
    private final ModelOptions options;
    private double routerAuxLossCoef;
    private OptionalLong kvCacheBytes = OptionalLong.empty();
    private long kvSwapBytes;
    private final Optional<LoraWeights> adapted;
    private final Optional<LoraAdapter> adapter;

    CausalLM(DecoderConfig config, CheckpointFiles files, Weights source, ModelOptions options) {
        this.config = config;
        this.options = options;
        this.files = files;
        this.routerAuxLossCoef = config.routerAuxLossCoef();
        this.eosTokenIds = Collections.unmodifiableSet(files.eosTokenIds(config));
        ModelWeights weights = new ModelWeights(config.plan(), source);
        this.parameters = weights.parameters();
        this.buffers = weights.buffers();
        this.adapted = source instanceof LoraWeights lora ? Optional.of(lora) : Optional.empty();
        this.adapter = adapted.map(LoraWeights::adapter);
        this.backbone = new Backbone(config.plan(), weights, options.computeType());
        boolean scores = config.plan().head() instanceof Head.Scores;
        this.scoreHead = scores ? Optional.of(ScoreHead.of(weights)) : Optional.empty();
        this.tokenHead = scores
                ? Optional.empty()
                : Optional.of(new TokenHead(
                        weights.matrix(Role.HEAD, TensorSpec.NO_LAYER),
                        TokenHead.form(config.plan().head())));
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
        return CheckpointLoader.load(folder, options, Optional.empty());
    }

    /**
     * The same with an adapter, which alone can be trained then and is what is saved; weights may have any format.
     *
     * @throws dev.jacobian.io.FormatException also if the adapter is broken, asks for what is not computed here, or belongs to
     *     another model
     */
    public static CausalLM load(Path folder, ModelOptions options, AdapterSource adapter) {
        return CheckpointLoader.load(folder, options, Optional.of(adapter));
    }

    /**
     * A model that scores instead of predicting tokens ({@link Head.Scores}), from a checkpoint that has such a head, or from one of a
     * language model, which gets a fresh one: normal with the configuration's standard deviation, its bias 0, as transformers does.
     *
     * @param adapter one that alone is trained, or none
     * @param seed of a fresh head
     * @throws dev.jacobian.io.FormatException also if the checkpoint has another head that scores
     */
    public static CausalLM loadScoring(
            Path folder, Head.Scores head, ModelOptions options, Optional<AdapterSource> adapter, long seed) {
        return CheckpointLoader.loadScoring(folder, options, adapter, new FreshHead.Wanted(head, seed));
    }

    /**
     * This model with an adapter: a second model, with a copy of the weights in a format, whose adapter alone can be trained.
     *
     * @throws dev.jacobian.io.FormatException if the adapter is broken, asks for what is not computed here, or belongs to another
     *     model
     * @throws IllegalStateException if the weights are not F32, or have an adapter
     */
    public CausalLM withAdapter(AdapterSource source, WeightFormat format) {
        requireTrainable("adding an adapter");
        requireNoAdapter("adding another");
        return Adapters.adapted(
                config,
                LoraPlan.of(source.config(), config.plan(), source.where()),
                files,
                new FrozenWeights(
                        spec -> Weights.parameter(spec, tensor(spec)), new WeightFormats.All(format), options.device()),
                options.weights(format),
                source);
    }

    /**
     * A second model that changes the same weights, in the same memory, by an adapter of its own. Training either changes nothing of the
     * other.
     *
     * @throws dev.jacobian.io.FormatException if the adapter is broken, asks for what is not computed here, or belongs to another
     *     model
     * @throws IllegalStateException if this model has no adapter: its weights can be trained, and would change for both
     */
    public CausalLM withOtherAdapter(AdapterSource source) {
        return like(Adapters.adapted(
                config,
                LoraPlan.of(source.config(), config.plan(), source.where()),
                files,
                adapted().base(),
                options,
                source));
    }

    /** The adapter, if the model has one. */
    public Optional<LoraAdapter> adapter() {
        return adapter;
    }

    /**
     * The model that the adapter changes, in the same memory: a reference for training that costs none. Biases that the adapter
     * trains are those of the adapter here too, as in PEFT.
     *
     * @throws IllegalStateException if there is no adapter
     */
    public CausalLM withoutAdapter() {
        return new CausalLM(config, files, adapted().base(), options);
    }

    /**
     * A plain model of what this one computes with its adapter, in F32; on the CPU. A head that was the embedding becomes one of its
     * own if the adapter changes either.
     *
     * @throws IllegalStateException if there is no adapter, or the weights are held in another format than F32
     */
    public CausalLM merged() {
        if (!options.weights().areTrainable()) {
            throw new IllegalStateException("merging takes the weights as numbers, but this model holds them as "
                    + options.weights()
                    + "; load model and adapter with WeightFormat.F32 (jacobian merge does)");
        }
        return Adapters.merged(config, files, adapted());
    }

    private LoraWeights adapted() {
        return adapted.orElseThrow(() -> new IllegalStateException("the model has no adapter"));
    }

    private void requireNoAdapter(String task) {
        if (adapter.isPresent()) {
            throw new IllegalStateException(
                    task + " is not possible for a model with an adapter; merge it first (merged())");
        }
    }

    /**
     * Puts what is trained where a folder has it that {@link #save} wrote: a checkpoint, or of a model with an adapter the adapter.
     *
     * @throws dev.jacobian.io.FormatException if the folder is damaged, or of another model
     */
    public void restore(Path folder) {
        if (adapter.isPresent()) {
            adapter.get().restore(folder);
            return;
        }
        CausalLM saved = load(folder);
        for (Parameter parameter : parameters()) {
            parameter.value().copyFrom(saved.parameter(parameter.name()).value());
            parameter.valueChanged();
        }
    }

    /**
     * Refuses a checkpoint that lacks a tensor which its config.json asks for, has one of another shape, or half of a quantized one;
     * reads none of them.
     *
     * @param tensors the checkpoint's
     * @param folder where it is, for messages
     * @throws dev.jacobian.io.FormatException naming the tensor
     */
    public static void requireTensors(DecoderConfig config, CheckpointTensors tensors, Path folder) {
        CheckpointLoader.requireTensors(config, tensors, folder);
    }

    /**
     * A model with fresh weights: normal with the configuration's standard deviation, norms 1, biases 0, as transformers
     * initialises. The same seed gives the same bits everywhere.
     *
     * @param tokenizerFolder where tokenizer.json and its companions are, or empty
     */
    public static CausalLM create(DecoderConfig config, Optional<Path> tokenizerFolder, long seed) {
        return create(config, tokenizerFolder, seed, ModelOptions.DEFAULT);
    }

    /** The same on a device, and held as one likes. */
    public static CausalLM create(
            DecoderConfig config, Optional<Path> tokenizerFolder, long seed, ModelOptions options) {
        CheckpointFiles files =
                tokenizerFolder.isPresent() ? CheckpointFiles.read(tokenizerFolder.get()) : CheckpointFiles.none();
        Weights fresh = new FreshWeights(config.initializerRange(), seed);
        Weights held = options.weights().areTrainable()
                ? new PlacedWeights(fresh, options.device())
                : new FrozenWeights(fresh, options.weights(), options.device());
        return new CausalLM(config, files, held, options);
    }

    /**
     * A second model with a copy of this one's layers and a fresh head that scores in the place of its own: a value model to begin with. The
     * head is normal with the configuration's standard deviation, its bias 0.
     *
     * @throws IllegalStateException if the weights are not F32, or have an adapter
     */
    public CausalLM withFreshHead(Head.Scores head, long seed) {
        requireTrainable("putting another head on a model");
        requireNoAdapter("putting another head on it");
        DecoderConfig scoring = Families.scoring(config, head, CheckpointLoader.padding(files));
        Weights copied = spec -> Weights.parameter(spec, tensor(spec).copy());
        Weights all = new FreshHead(copied, config.initializerRange(), seed);
        return new CausalLM(scoring, files, new PlacedWeights(all, device()), options)
                .routerAuxLossCoef(routerAuxLossCoef);
    }

    /** A second model with the same weights, which training of this one does not change; itself if it cannot be trained. */
    public CausalLM copy() {
        if (adapter.isPresent()) {
            LoraAdapter own = adapter.get();
            AdapterTensors values =
                    spec -> Optional.of(own.parameter(spec).value().copy());
            return like(new CausalLM(config, files, adapted().with(values), options));
        }
        if (!options.weights().areTrainable()) {
            return this;
        }
        Weights copied = spec -> Weights.parameter(spec, tensor(spec).copy());
        return like(new CausalLM(config, files, copied, options));
    }

    /** Another model with the settings that this one was given. */
    private CausalLM like(CausalLM other) {
        other.kvCacheBytes = kvCacheBytes;
        other.kvSwapBytes = kvSwapBytes;
        return other.routerAuxLossCoef(routerAuxLossCoef);
    }

    /**
     * A second model with the same weights on another device, or computing in another type.
     *
     * @throws IllegalStateException if the weights are not F32
     */
    public CausalLM to(Device device, DType computeType) {
        requireNoAdapter("moving to " + device);
        requireTrainable("moving to " + device);
        Weights moved = spec -> {
            Tensor own = tensor(spec);
            return Weights.parameter(spec, own.device().equals(device) ? own.copy() : own.to(device));
        };
        return like(new CausalLM(
                config,
                files,
                moved,
                ModelOptions.DEFAULT.on(device).computingIn(computeType).kvCache(options.kvCache())));
    }

    /**
     * Gives the memory of a model on a device back now instead of when the garbage collector finds it; the model cannot be used
     * any more. A model on the CPU has nothing to give back.
     */
    public void close() {
        parameters.values().forEach(Parameter::close);
        buffers.values().forEach(Tensor::close);
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
    public WeightFormats weightFormats() {
        return options.weights();
    }

    /**
     * Refuses a model whose caches round keys and values, where what is sampled must have the log-probabilities that a trainer computes.
     *
     * @param task what was to be done, for the message
     * @throws IllegalArgumentException if they are rounded
     */
    public void requireExactKvCache(String task) {
        if (options.kvCache().isRounded()) {
            throw new IllegalArgumentException(
                    task + " needs log-probabilities that are the trainer's to the bit, but this"
                            + " model was loaded with kv_cache_type "
                            + options.kvCache().label()
                            + ", which rounds keys and values while sampling and not while training; load it with"
                            + " kv_cache_type auto");
        }
    }

    ModelOptions options() {
        return options;
    }

    /** How keys and values are held while generating. */
    public KvCacheType kvCacheType() {
        return options.kvCache();
    }

    /**
     * Refuses a model that cannot be trained or saved.
     *
     * @param task what was to be done, for the message
     * @throws IllegalStateException if the weights are not F32
     */
    public void requireTrainable(String task) {
        if (!options.weights().areTrainable() && adapter.isEmpty()) {
            throw new IllegalStateException(task + " needs F32 weights, but this model was loaded as "
                    + options.weights()
                    + ", for inference alone; load it with WeightFormat.F32 (on the command line without"
                    + " --weights), or train an adapter of it (--lora)");
        }
    }

    /**
     * All parameters that can be trained, in checkpoint order; a tied head is not listed a second time. None unless weights
     * are held as F32; those of the adapter alone if there is one.
     */
    public List<Parameter> parameters() {
        return List.copyOf(parameters.values());
    }

    /** The parameter of a name of {@link TensorSpec}, which mostly is the checkpoint's. */
    public Parameter parameter(String name) {
        Parameter parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("the model has no parameter '" + name + "'");
        }
        return parameter;
    }

    private Tensor tensor(TensorSpec spec) {
        Tensor buffer = buffers.get(spec.name());
        return buffer != null ? buffer : parameter(spec.name()).value();
    }

    /** What belongs to the model but is not trained, such as the correction of a router, by its name in a checkpoint. */
    public Map<String, Tensor> buffers() {
        return Collections.unmodifiableMap(buffers);
    }

    /**
     * Something of every parameter, such as its value or its gradient, as a checkpoint stores it: under the checkpoint's names,
     * and where those share or turn tensors, put together and turned.
     *
     * @param what of a parameter, of its shape
     * @param stored receives names and tensors in the order of {@link #parameters}
     */
    public void inCheckpointForm(Function<Parameter, Tensor> what, BiConsumer<String, Tensor> stored) {
        if (adapter.isPresent()) {
            StoredTensors.put(adapter.get().plan().tensors(), spec -> what.apply(parameter(spec.name())), stored);
            return;
        }
        List<TensorSpec> trained = config.plan().tensors().stream()
                .filter(spec -> spec.kind() != TensorSpec.Kind.BUFFER)
                .toList();
        StoredTensors.put(trained, spec -> what.apply(parameter(spec.name())), stored);
    }

    /** From tokens to hidden states. */
    public Backbone backbone() {
        return backbone;
    }

    /** The head's weight, [V, D]; the embedding itself when tied and trainable. */
    public LinearWeight head() {
        return tokenHead().weight();
    }

    private TokenHead tokenHead() {
        return tokenHead.orElseThrow(() -> new IllegalStateException("the model scores sequences ("
                + config.source().path("architectures").path(0).asText("a head of scores")
                + ") and has no head that predicts tokens; use a language model"));
    }

    private ScoreHead scoreHead() {
        return scoreHead.orElseThrow(() -> new IllegalStateException("the model is a language model ("
                + config.source().path("architectures").path(0).asText("a head of tokens")
                + ") and has no head that scores; train one with jacobian reward, or load it with"
                + " CausalLM.loadScoring"));
    }

    /** L: numbers that the head gives per position where it scores; 0 for a language model. */
    public int labels() {
        return config.plan().head() instanceof Head.Scores scores ? scores.labels() : 0;
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

    /**
     * The ids below V that stand for no token: rows by which checkpoints pad their vocabulary, and gaps in it. None if there is no
     * tokenizer.
     */
    public BitSet idsWithoutToken() {
        BitSet ids = new BitSet();
        files.tokenizer().ifPresent(tokenizer -> {
            for (int id = 0; id < config.vocabularySize(); id++) {
                ids.set(id, tokenizer.tokenOf(id).isEmpty());
            }
        });
        return ids;
    }

    /** The name of the first parameter with an element that is NaN or infinite. Looks at every element. */
    public Optional<String> firstNonFinite() {
        for (Parameter parameter : parameters.values()) {
            for (float element : parameter.value().toFloatArray()) {
                if (!Float.isFinite(element)) {
                    return Optional.of(parameter.name());
                }
            }
        }
        return Optional.empty();
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
        backbone.checkpointLayers(on);
        return this;
    }

    /**
     * Limits what keys, values and states of all sequences take while this model generates. At first that is what the memory plan
     * leaves. No result depends on it: sequences wait, or are set aside and computed again.
     *
     * @param bytes empty for what the plan leaves
     * @throws IllegalArgumentException if it is not positive
     */
    public CausalLM kvCacheBytes(OptionalLong bytes) {
        if (bytes.isPresent() && bytes.getAsLong() <= 0) {
            throw new IllegalArgumentException(
                    "kv_cache_gb must be positive; leave it out for what the memory plan leaves");
        }
        kvCacheBytes = bytes;
        return this;
    }

    /**
     * Lets what a sequence has in the cache be copied out of it, when it is set aside, instead of being computed again. No result depends on
     * it.
     *
     * @param bytes that these copies may take; 0, as at first, for none
     * @throws IllegalArgumentException if it is negative
     */
    public CausalLM kvSwapBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("kv_swap_gb must not be negative, got " + bytes + " bytes");
        }
        kvSwapBytes = bytes;
        return this;
    }

    /** What copies of sequences may take that were set aside. */
    public long kvSwapBytes() {
        return kvSwapBytes;
    }

    /** The limit of what keys, values and states take while it generates, if there is one. */
    public OptionalLong kvCacheBytes() {
        return kvCacheBytes;
    }

    /**
     * Sets how much of the load-balancing loss of its experts {@link #loss} contains and trainers add. At first it is what
     * config.json asks for ({@link DecoderConfig#routerAuxLossCoef}).
     *
     * @param coefficient 0 for none
     * @throws IllegalArgumentException if it is negative or not finite, or positive for a model whose routers have no such loss
     */
    public CausalLM routerAuxLossCoef(double coefficient) {
        if (!(coefficient >= 0 && coefficient < Float.MAX_VALUE)) {
            throw new IllegalArgumentException("router_aux_loss_coef must be 0 or more, got " + coefficient);
        }
        if (coefficient > 0) {
            newLoadBalance();
        }
        routerAuxLossCoef = coefficient;
        return this;
    }

    /** How much of the load-balancing loss training adds; 0 for none. */
    public double routerAuxLossCoef() {
        return routerAuxLossCoef;
    }

    /**
     * Where the routers of one forward pass count what they choose.
     *
     * @throws IllegalArgumentException if the model has no routers with such a loss
     */
    public LoadBalance newLoadBalance() {
        return backbone.newLoadBalance();
    }

    /**
     * Begins a forward and backward pass in which an adapter's {@code lora_dropout} is in force; nothing happens where there is none.
     *
     * @param pass a number of its own for each pass of a run, the same when the run is resumed
     */
    public void beginDropout(long pass) {
        adapter.ifPresent(own -> own.dropout().begin(pass));
    }

    /** Ends it: scoring and sampling leave nothing out. */
    public void endDropout() {
        adapter.ifPresent(own -> own.dropout().end());
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
        return backbone.hidden(tokens, segments, listener, Optional.empty());
    }

    /** The same while routers count what they choose. */
    public Var hidden(int[] tokens, Segments segments, LoadBalance balance) {
        return backbone.hidden(tokens, segments, state -> {}, Optional.of(balance));
    }

    Var hidden(int[] tokens, Segments segments, Consumer<Var> listener, Optional<LoadBalance> balance) {
        return backbone.hidden(tokens, segments, listener, balance);
    }

    /**
     * Hidden states of tokens that continue cached sequences; extends the cache. Only inside {@link NoGrad}. Token by token a
     * {@link DecodingPass} is faster on a GPU.
     */
    public Var hidden(int[] tokens, Segments segments, KvCache cache, int[] sequences) {
        return backbone.hidden(tokens, segments, cache, sequences);
    }

    /** What a replayed pass over a batch was captured with, beside weights and gradients. */
    Object passConstants(Segments segments) {
        return backbone.passConstants(segments);
    }

    /** Refuses ids outside of the vocabulary, before a pass that does not look at them. */
    void requireTokens(int[] tokens) {
        for (int token : tokens) {
            backbone.requireToken(token);
        }
    }

    /** How often weights have changed: what a cache holds of another count is not what it would be now. */
    public long weightChanges() {
        return backbone.weightChanges();
    }

    /** An empty cache for this model, of the type that its options say. */
    public KvCache newKvCache() {
        return backbone.newKvCache(options.kvCache());
    }

    /**
     * Logits of chosen rows, without gradient.
     *
     * @param hidden [N, D] from {@link #hidden}
     * @param rows [R] rows of it
     * @return [R, V]
     */
    public Tensor logits(Var hidden, int[] rows) {
        return tokenHead().logits(hidden, rows);
    }

    /** Rows whose logits are made at a time when tokens are chosen: few enough for the caches of a CPU. */
    public int logitRows() {
        int elements = Math.max(1 << 22, Backends.of(device()).memory().chunkElements());
        return Math.max(1, elements / config.vocabularySize());
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
        return tokenHead().logProbs(hidden, rows, targets, temperature);
    }

    /**
     * The entropies beside some log-probabilities as something that a loss may depend on; costs the head once more in backward.
     *
     * @param hidden [N, D], rows [R] and temperature as the log-probabilities were asked for
     * @param scored the log-probabilities, before their backward
     * @return [R] in nats
     */
    public Var entropies(Var hidden, int[] rows, float temperature, TokenLogProbs.Result scored) {
        return tokenHead().entropies(hidden, rows, temperature, scored);
    }

    /** The same with further measures of the logits. */
    public TokenLogProbs.Result logProbs(
            Var hidden, int[] rows, int[] targets, float temperature, Set<TokenLogProbs.Measure> measured) {
        return tokenHead().logProbs(hidden, rows, targets, temperature, measured);
    }

    /**
     * How far the distributions of next tokens are from those of a teacher, over the whole vocabulary; logits of the batch never exist.
     *
     * @param hidden [N, D] from {@link #hidden}
     * @param teacher a language model of the same vocabulary
     * @param known [N, D of the teacher] of the same tokens by the teacher
     * @param rows [R] rows of both
     * @param beta {@link TokenDivergence}
     */
    public TokenDivergence.Result divergence(
            Var hidden, CausalLM teacher, Var known, int[] rows, double beta, float temperature) {
        return tokenHead().divergence(hidden, teacher.tokenHead(), known, rows, beta, temperature);
    }

    /**
     * What a head that scores says of chosen rows, differentiable.
     *
     * @param hidden [N, D] from {@link #hidden}
     * @param rows [R] rows of it
     * @return [R, L]
     * @throws IllegalStateException if this is a language model
     */
    public Var scores(Var hidden, int[] rows) {
        return scoreHead().scores(hidden, rows);
    }

    /**
     * The token whose score is that of a whole sequence: the last one that is not the configuration's {@code pad_token_id}, as in
     * transformers, also where padding and end are one token; the first one if all are.
     *
     * @return its place, -1 of no tokens
     */
    public int scoredToken(int[] tokens) {
        JsonNode pad = config.source().path("pad_token_id");
        int last = tokens.length - 1;
        while (pad.isInt() && last > 0 && tokens[last] == pad.intValue()) {
            last--;
        }
        return last;
    }

    /**
     * Mean cross-entropy in nats, plus {@link #routerAuxLossCoef} times the load-balancing loss if that is not 0, as transformers
     * computes {@code model(input_ids, labels=labels).loss}.
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
        Optional<LoadBalance> balance = routerAuxLossCoef > 0 ? Optional.of(newLoadBalance()) : Optional.empty();
        Var hidden = hidden(batch.tokens(), batch.segments(), state -> {}, balance); // [N, D]
        Var logProbs = logProbs(hidden, batch.rows(), batch.targets(), 1f).logProbs(); // [R]
        Var crossEntropy = Elementwise.scale(Reduction.mean(logProbs), -1f);
        return balance.isEmpty()
                ? crossEntropy
                : Elementwise.add(
                        crossEntropy,
                        Reduction.weightedSum(balance.get().loss(hidden), new float[] {(float) routerAuxLossCoef}));
    }

    // Saving

    /**
     * Writes the checkpoint in F32, as a folder that other software loads; an existing folder is replaced whole. Of a model with an
     * adapter that is the adapter, in PEFT's form.
     */
    public void save(Path folder) {
        save(folder, DType.F32);
    }

    /** The same with weights stored as F32, BF16 or F16. */
    public void save(Path folder, DType stored) {
        save(folder, SaveOptions.of(stored));
    }

    /** The same with weights stored in types and files of one's choice. */
    public void save(Path folder, SaveOptions options) {
        requireTrainable("saving");
        AtomicFiles.writeDirectory(folder, directory -> saveInto(directory, options));
    }

    /** Writes the checkpoint's files into an existing folder, for callers that make a larger whole atomic. */
    public void saveInto(Path directory, DType stored) {
        saveInto(directory, SaveOptions.of(stored));
    }

    private void saveInto(Path directory, SaveOptions options) {
        requireTrainable("saving");
        if (adapter.isPresent()) {
            adapter.get().write(directory, files.folder());
            return;
        }
        CheckpointWriter.write(directory, this, files, options);
    }

    @Override
    public String toString() {
        return config.family() + " with " + config.parameters() + " parameters";
    }
}
