// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static dev.jacobian.rl.config.Checks.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.config.AsyncConfig;
import dev.jacobian.rl.config.BufferConfig;
import dev.jacobian.rl.config.CacheConfig;
import dev.jacobian.rl.config.CompletionLengths;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.config.DynamicSamplingConfig;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.LearnedSegments;
import dev.jacobian.rl.config.MeasuringConfig;
import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.config.MixtureConfig;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.config.PartialConfig;
import dev.jacobian.rl.config.RepetitionStop;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.config.RolloutBuilder;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.SavingConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.config.Stages;
import dev.jacobian.rl.config.StaleRollouts;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.config.TrlKeys;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.objective.ReplayImportance;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Everything that decides a reinforcement-learning run: a method with its own settings, and the settings that all methods share.
 *
 * <p>In JSON and on the command line it is flat, with TRL's names in snake case ({@code num_generations}). What is not set has
 * its default; an unknown key is an error, and so is one that only other methods have.
 *
 * <p>Where libraries silently differ, this is what holds:
 *
 * <table>
 * <caption>Conventions</caption>
 * <tr><th>what</th><th>here</th></tr>
 * <tr><td>temperature of log-probabilities</td><td>the sampling {@code temperature}, in the sampler and in the loss</td></tr>
 * <tr><td>the end token</td><td>counts like every token that the policy chose; what a tool wrote does not</td></tr>
 * <tr><td>deviation of rewards</td><td>{@code scale_rewards}; n − 1 below, {@code advantage_epsilon} added</td></tr>
 * <tr><td>divisor of the loss</td><td>{@code loss_type}; always of the whole optimizer step, never of a micro-batch</td></tr>
 * <tr><td>KL penalty</td><td>{@code beta}, {@code kl_estimator}; in the loss, before the sum over tokens, not clamped</td></tr>
 * <tr><td>tokens of metrics</td><td>those that count in the loss; for entropy and the check against the sampler all that the
 *     policy chose</td></tr>
 * </table>
 *
 * <pre>{@code
 * RlConfig.builder().maxSteps(100).learningRate(1e-4).build();
 * RlConfig.builder().method(Grpo.DEFAULT.with("beta", 0.04)).numGenerations(16).build();
 * }</pre>
 */
public record RlConfig(
        Method method,

        @Setting(value = "100", doc = "rollouts drawn and learned from; -1 for what num_train_epochs makes")
        int maxSteps,

        @Setting(
                value = "null",
                doc = "passes through the task's list of problems, where max_steps is not given; null: max_steps"
                        + " decides")
        OptionalDouble numTrainEpochs,

        RolloutConfig rollout,
        CompletionLengths lengths,
        AsyncConfig async,
        CurriculumConfig curriculum,
        DynamicSamplingConfig dynamicSampling,
        BufferConfig buffer,
        PartialConfig partial,
        RepetitionStop repetition,
        MixtureConfig mixture,
        OptimizationConfig optimization,
        MemoryConfig memory,
        CacheConfig cache,

        @Setting(
                value = "false",
                doc = "keep the initial model in the host's memory when the model is on a GPU, and move it"
                        + " there for the moment in which it scores a step's completions; the same bits")
        boolean offloadReference,

        MeasuringConfig measuring,
        SavingConfig saving,
        RewardCallConfig rewardCalls,

        @Setting(value = "0", doc = "key of all random numbers")
        long seed) {
    /** The key that names the method. */
    private static final String ALGORITHM = "algorithm";

    private static final String MAX_STEPS = "max_steps";
    private static final String EPOCHS = "num_train_epochs";
    private static final String BATCH_SIZE = "per_device_train_batch_size";
    private static final String PROMPTS = "prompts_per_step";
    private static final String GENERATION_BATCH = "generation_batch_size";

    /** Other names that TRL has had for keys. */
    private static final Map<String, String> OTHER_NAMES =
            Map.of("vllm_importance_sampling_cap", "vllm_importance_sampling_clip_max");

    /** GRPO, and the defaults of all other settings. */
    public static final RlConfig DEFAULT = ConfigTree.defaults(RlConfig.class, Grpo.DEFAULT);

    public RlConfig {
        require(
                maxSteps >= 1 || maxSteps == -1 && numTrainEpochs.isPresent(),
                "max_steps must be at least 1, or -1 where num_train_epochs says how long the run is, got " + maxSteps);
        require(
                numTrainEpochs.orElse(1) > 0 && Double.isFinite(numTrainEpochs.orElse(1)),
                "num_train_epochs must be positive and finite, got " + numTrainEpochs.orElse(1));
        Algorithm chosen = method.algorithm(rollout);
        require(
                rollout.numGenerations() >= 2
                        || chosen.critic().isPresent()
                        || chosen.extraSamples().isPresent(),
                "num_generations must be at least 2, got " + rollout.numGenerations()
                        + ": advantages compare the samples of a prompt");
        StepPlan plan = chosen.plan(rollout);
        require(
                plan.isCountable(Math.max(1, maxSteps)),
                "max_steps " + maxSteps + " makes more optimizer steps, or groups of samples, than can be counted ("
                        + Integer.MAX_VALUE + "); lower it, prompts_per_step, or how often a rollout is learned from"
                        + " (num_iterations, updates_per_rollout, num_ppo_epochs, num_mini_batches)");
        int updates = chosen.updatesPerRollout();
        require(
                rollout.isTrl() || updates <= rollout.promptsPerStep(),
                "updates_per_rollout must not exceed prompts_per_step (" + rollout.promptsPerStep() + "), got "
                        + updates);
        int inAll = plan.updates();
        require(
                !rollout.isTrl() || updates == 1 || updates == inAll,
                "updates_per_rollout is " + updates + ", but steps_per_generation, num_iterations and"
                        + " gradient_accumulation_steps make " + inAll + "; leave updates_per_rollout out");
        require(
                inAll == 1 || !chosen.strictlyOnPolicy() && chosen.objective().usesOldLogProbs(),
                chosen.name() + " learns once from each sample, but steps_per_generation, num_iterations and"
                        + " gradient_accumulation_steps make " + inAll + " optimizer steps per rollout");
        OlderSamples.requireAhead(chosen, async);
        OlderSamples.requireReplay(chosen, buffer, partial, plan, async);
        lengths.requireFor(rollout.maxCompletionLength(), maxSteps);
        lengths.completionLengthSchedule()
                .values()
                .keySet()
                .forEach(steps -> method.algorithm(lengths.of(rollout, steps)));
        partial.requireFor(rollout.maxCompletionLength(), plan.groups());
        repetition.requireFor(rollout.maxCompletionLength());
        OlderSamples.requirePartial(chosen, partial);
        require(
                !dynamicSampling.dynamicSampling().or(false)
                        || chosen.extraSamples().isEmpty() && chosen.critic().isEmpty(),
                "dynamic_sampling=true throws groups away whose rewards are all equal, but " + chosen.name()
                        + " compares a sample with others than those of its group (or a value model), and learns from"
                        + " such groups too; leave it out");
    }

    /** The method's choices for this run. */
    public Algorithm algorithm() {
        return algorithm(rollout);
    }

    /** The method's choices for what is sampled after so many steps. */
    Algorithm algorithm(int steps) {
        return algorithm(lengths.of(rollout, steps));
    }

    private Algorithm algorithm(RolloutConfig rollout) {
        Algorithm chosen = method.algorithm(rollout);
        return buffer.bufferImportance().isEmpty()
                ? chosen
                : chosen.with(chosen.extras()
                        .withWeighting(chosen.weighting()
                                .and(new ReplayImportance(
                                        buffer.bufferImportance().getAsDouble()))));
    }

    /** Whether a group is learned from, as far as settings say. */
    boolean admits(ScoredGroup group) {
        boolean teaches = group.tokenRewards().isPresent() // which differ within a sample
                || !new GroupRewards(group.rewards(), group.choices()).isDegenerate();
        return (teaches || !samplesDynamically()) && method.admits(group);
    }

    /** Whether groups whose rewards are all equal are replaced by others. */
    boolean samplesDynamically() {
        return dynamicSampling.dynamicSampling().or(method.samplesDynamically());
    }

    /** How completions to learn from are sampled, at their longest. */
    public GenerationConfig sampling() {
        return sampling(rollout);
    }

    /** How completions to learn from are sampled after so many steps. */
    GenerationConfig sampling(int steps) {
        return sampling(lengths.of(rollout, steps));
    }

    private GenerationConfig sampling(RolloutConfig rollout) {
        return repetition.with(rollout.sampling(seed));
    }

    /** How a rollout becomes optimizer steps. */
    public StepPlan plan() {
        return algorithm().plan(rollout);
    }

    /** The same with another method. */
    public RlConfig withMethod(Method other) {
        return new RlConfig(
                other,
                maxSteps,
                numTrainEpochs,
                rollout,
                lengths,
                async,
                curriculum,
                dynamicSampling,
                buffer,
                partial,
                repetition,
                mixture,
                optimization,
                memory,
                cache,
                offloadReference,
                measuring,
                saving,
                rewardCalls,
                seed);
    }

    /**
     * The same with the steps that {@code num_train_epochs} makes of so many problems, unless {@code max_steps} says how many. As in TRL
     * an epoch is as many whole rollouts as the problems fill; what is left over does not make one more.
     *
     * @param problems to train on, 0 for no list of them
     * @param where they are, for messages
     * @throws IllegalArgumentException if there is no list, or one that is shorter than a rollout
     */
    public RlConfig stepsOf(int problems, String where) {
        if (maxSteps > 0) {
            return this;
        }
        require(
                problems > 0,
                "num_train_epochs counts passes through a list of problems, and " + where + " has none; set max_steps");
        StepPlan plan = plan();
        int rollouts = problems / plan.prompts();
        require(
                rollouts > 0,
                where + " has " + problems + " problems to train on, fewer than the " + plan.prompts()
                        + " of a rollout, so num_train_epochs makes no step; lower prompts_per_step"
                        + " (per_device_train_batch_size), or set max_steps");
        double steps = Math.ceil(numTrainEpochs.orElseThrow() * plan.stepsOfEpoch(rollouts));
        require(
                steps <= Integer.MAX_VALUE,
                "num_train_epochs " + numTrainEpochs.orElseThrow() + " makes more steps than can be counted; lower it");
        return ConfigTree.with(this, "max_steps", (int) steps);
    }

    /** A builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder(DEFAULT);
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** All keys and values, in snake case; a method of one's own is described under {@code method}. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put(ALGORITHM, method.name());
        if (!Methods.contains(method)) {
            json.set("method", ConfigTree.describe(method));
        }
        return json.setAll(ConfigTree.toJson(this));
    }

    /**
     * These settings with some replaced. Another {@code algorithm} begins with its own defaults.
     *
     * @throws FormatException for an unknown key, one that the method has not, a value of the wrong type or one that is
     *     refused; with the value's origin
     */
    public RlConfig with(Given given) {
        return with(method, given);
    }

    /** Which of the keys that are given mean nothing here, with the reason ({@link TrlKeys}), each in a sentence. */
    public List<String> passedOver(Given given) {
        return TrlKeys.sort(given, ConfigTree.names(this)).notes();
    }

    private RlConfig with(Method usual, Given given) {
        Method chosen = given.get(ALGORITHM).map(name -> named(name, usual)).orElse(usual);
        Given rest = withPrompts(renamed(given.without(List.of(ALGORITHM)), chosen));
        List<String> names = ConfigTree.names(this, chosen);
        for (String key : rest.keys()) {
            List<String> owners = Methods.having(key);
            if (!names.contains(key) && !owners.isEmpty()) {
                throw new FormatException(
                        given.get(key).orElseThrow().origin(),
                        "the method " + chosen.name() + " has no setting '" + key + "'; methods that have it: "
                                + String.join(", ", owners),
                        "Leave it out, or choose one of them as the algorithm");
            }
        }
        boolean inEpochs =
                rest.get(EPOCHS).filter(value -> !value.json().isNull()).isPresent()
                        && rest.get(MAX_STEPS).isEmpty();
        return ConfigTree.with(
                this,
                inEpochs
                        ? rest.set(MAX_STEPS, -1, rest.get(EPOCHS).orElseThrow().origin())
                        : rest,
                chosen);
    }

    /** Under the names that settings have here: TRL's other names, and what null means where a setting has no such value. */
    private Given renamed(Given given, Method chosen) {
        Given sorted = TrlKeys.sort(given, ConfigTree.names(this, chosen)).settings();
        List<ConfigTree.Key> keys = ConfigTree.keys(this, chosen);
        Given renamed = new Given();
        for (String name : sorted.keys()) {
            Given.Value value = sorted.get(name).orElseThrow();
            String key = OTHER_NAMES.getOrDefault(name, name);
            boolean isDefault = value.json().isNull()
                    && keys.stream().noneMatch(known -> known.name().equals(key) && known.isNullable());
            if (key.equals(GENERATION_BATCH) && value.json().isInt()) {
                int batch = number(
                        sorted, BATCH_SIZE, rollout.perDeviceTrainBatchSize().orElse(0));
                int samples = value.json().intValue();
                require(
                        batch > 0 && samples % batch == 0,
                        GENERATION_BATCH + " is " + samples + ", which must be a multiple of " + BATCH_SIZE);
                renamed.set("steps_per_generation", samples / batch, value.origin());
            } else if (!isDefault) {
                renamed.set(key, value);
            }
        }
        return renamed;
    }

    /** With the number of prompts that settings in TRL's terms make, unless it is said. */
    private Given withPrompts(Given given) {
        OptionalInt batch = given.get(BATCH_SIZE)
                .map(value -> value.json().isInt() ? OptionalInt.of(value.json().intValue()) : OptionalInt.empty())
                .orElse(rollout.perDeviceTrainBatchSize());
        if (batch.isEmpty() || given.get(PROMPTS).isPresent()) {
            return given;
        }
        int accumulation = number(given, "gradient_accumulation_steps", rollout.gradientAccumulationSteps());
        int steps = number(
                given, "steps_per_generation", rollout.stepsPerGeneration().orElse(accumulation));
        int samples = number(given, "num_generations", rollout.numGenerations());
        return new Given()
                .setAll(given)
                .set(
                        PROMPTS,
                        RolloutConfig.prompts(batch.getAsInt(), steps, Math.max(1, samples)),
                        given.get(BATCH_SIZE).map(Given.Value::origin).orElse("the settings"));
    }

    private static int number(Given given, String key, int otherwise) {
        return given.get(key)
                .map(Given.Value::json)
                .filter(JsonNode::isInt)
                .map(JsonNode::intValue)
                .orElse(otherwise);
    }

    private static Method named(Given.Value name, Method usual) {
        String wanted = name.json().isTextual() ? name.json().textValue() : Json.compact(name.json());
        if (wanted.equals(usual.name())) {
            return usual;
        }
        return Methods.find(wanted)
                .orElseThrow(() -> new FormatException(
                        name.origin(), "unknown algorithm '" + wanted + "'", "Use " + Methods.names()));
    }

    /** Builds an {@link RlConfig}. */
    public static final class Builder extends RolloutBuilder<Builder> {
        private final RlConfig base;
        private Method method;

        private Builder(RlConfig base) {
            this.base = base;
            this.method = base.method;
        }

        /** Sets: the method, with its settings. */
        public Builder method(Method value) {
            method = value;
            return this;
        }

        /** Sets: the method of a name, with its default settings. */
        public Builder algorithm(String name) {
            return method(Methods.named(name));
        }

        /** Sets: prompts per rollout. */
        public Builder promptsPerStep(int value) {
            return set("prompts_per_step", value);
        }

        /** Sets: samples per prompt, at least 2. */
        public Builder numGenerations(int value) {
            return set("num_generations", value);
        }

        /** Sets: limit of tokens per completion. */
        public Builder maxCompletionLength(int value) {
            return set("max_completion_length", value);
        }

        /** Sets: tokens of a sample in one rollout; one that has not ended goes on in the next. */
        public Builder rolloutTokenBudget(int value) {
            return set("rollout_token_budget", value);
        }

        /** Sets: groups that are under way at once, where samples go on in the next rollout. */
        public Builder inflightGroups(int value) {
            return set("inflight_groups", value);
        }

        /** Sets: which tokens are learned from of a sample that weights of several rollouts wrote. */
        public Builder learnFromSegments(LearnedSegments value) {
            return set("learn_from_segments", value);
        }

        /** Sets: rollouts ago at most that {@link LearnedSegments#RECENT} learns from. */
        public Builder maxSegmentAge(int value) {
            return set("max_segment_age", value);
        }

        /** Sets: rollouts at most that write a sample. */
        public Builder maxRolloutIterations(int value) {
            return set("max_rollout_iterations", value);
        }

        /** Sets: the longest run that is looked for at the end of a sample, to stop it. */
        public Builder repetitionNgram(int value) {
            return set("repetition_ngram", value);
        }

        /** Sets: how often the run stands there. */
        public Builder repetitionCount(int value) {
            return set("repetition_count", value);
        }

        /** Sets: what is taken off the reward of a sample that was stopped so. */
        public Builder repetitionStopPenalty(double value) {
            return set("repetition_stop_penalty", value);
        }

        /** Sets: passes through the task's problems, instead of a number of steps. */
        public Builder numTrainEpochs(double value) {
            return set(EPOCHS, value);
        }

        /** Sets: sampling temperature. */
        public Builder temperature(double value) {
            return set("temperature", value);
        }

        /** Sets: samples of a micro-batch, and that the run is one in TRL's terms. */
        public Builder perDeviceTrainBatchSize(int value) {
            return set(BATCH_SIZE, value);
        }

        /** Sets: micro-batches of an optimizer step. */
        public Builder gradientAccumulationSteps(int value) {
            return set("gradient_accumulation_steps", value);
        }

        /** Sets: micro-batches that are sampled at once. */
        public Builder stepsPerGeneration(int value) {
            return set("steps_per_generation", value);
        }

        /** Sets: how often a rollout is learned from. */
        public Builder numIterations(int value) {
            return set("num_iterations", value);
        }

        /** Sets: rollouts by which the weights that sample may be older than those that learn. */
        public Builder maxStaleness(int value) {
            return set("max_staleness", value);
        }

        /** Sets: rollouts at once that are being sampled or wait for their rewards. */
        public Builder maxInflight(int value) {
            return set("max_inflight", value);
        }

        /** Sets: limits of completions that grow. */
        public Builder completionLengthSchedule(Stages value) {
            return set("completion_length_schedule", value);
        }

        /** Sets: whether which weights sample a rollout follows from its number. */
        public Builder reproducible(boolean value) {
            return set("reproducible", value);
        }

        /** Sets: what becomes of a rollout that would be too old when it is learned from. */
        public Builder staleRollouts(StaleRollouts value) {
            return set("stale_rollouts", value);
        }

        /** Sets: the schedule whose decisions are taken again. */
        public Builder replaySchedule(Path value) {
            return set("replay_schedule", value.toString());
        }

        /** Sets: GiB for keys and values of all samples. */
        public Builder kvCacheGb(double value) {
            return set("kv_cache_gb", value);
        }

        /** Sets: GiB for copies of samples that are set aside. */
        public Builder kvSwapGb(double value) {
            return set("kv_swap_gb", value);
        }

        /** Sets: what the likelihood of demonstrations counts beside the method's loss. */
        public Builder ptxCoef(double value) {
            return set("ptx_coef", value);
        }

        /** Sets: the JSONL file of these demonstrations. */
        public Builder ptxData(String value) {
            return set("ptx_data", value);
        }

        /** Sets: demonstrations of an optimizer step. */
        public Builder ptxBatchSize(int value) {
            return set("ptx_batch_size", value);
        }

        /** Sets: what the likelihood of samples counts that earned enough. */
        public Builder positiveNllCoef(double value) {
            return set("positive_nll_coef", value);
        }

        /** Sets: the reward from which on it counts. */
        public Builder positiveNllReward(double value) {
            return set("positive_nll_reward", value);
        }

        /** Sets: the initial model in the host's memory. */
        public Builder offloadReference(boolean value) {
            return set("offload_reference", value);
        }

        /** Sets: steps between evaluations on held-out problems; 0 for none. */
        public Builder evalSteps(int value) {
            return set("eval_steps", value);
        }

        /** Sets: held-out problems per evaluation during training. */
        public Builder evalProblems(int value) {
            return set("eval_problems", value);
        }

        /** Sets: held-out problems before and after training. */
        public Builder finalEvalProblems(int value) {
            return set("final_eval_problems", value);
        }

        /** Sets: completions per step on which the KL divergence to the initial model is estimated; 0 for none. */
        public Builder klSamples(int value) {
            return set("kl_samples", value);
        }

        /** Sets: completions per step that are logged. */
        public Builder logCompletions(int value) {
            return set("log_completions", value);
        }

        /** Sets: seconds that a reward function may take for a completion; 0 for as long as it wants. */
        public Builder rewardTimeout(double value) {
            return set("reward_timeout", value);
        }

        /** Sets: failed or late calls of reward functions that a run bears before it stops. */
        public Builder rewardErrorBudget(int value) {
            return set("reward_error_budget", value);
        }

        /** Sets: calls under way at a time of reward functions that wait for others. */
        public Builder rewardConcurrency(int value) {
            return set("reward_concurrency", value);
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException for a value that is refused
         */
        public RlConfig build() {
            try {
                return base.with(method, given());
            } catch (FormatException e) {
                throw new IllegalArgumentException(e.what() + ". " + e.fix(), e);
            }
        }
    }
}
