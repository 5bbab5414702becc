// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.learn.Critic;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.method.CriticChoice;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.Head;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Makes the value model of a run whose method has one. */
final class ValueModels {
    private ValueModels() {}

    /** Where values come from, with what there is to say about it. */
    record Made(Critic critic, Optional<String> note) {}

    /**
     * What the configuration asks for.
     *
     * @param given a model to take instead of making one
     * @param updates optimizer steps of the run
     * @throws FormatException if a checkpoint cannot be used, with the reason
     * @throws IllegalStateException if layers that are not F32 would have to be copied
     */
    static Optional<Made> of(CausalLM policy, RlConfig config, Optional<CausalLM> given, int updates) {
        return config.algorithm().critic().map(choice -> {
            if (choice.shared()) {
                requireF32(policy);
                Critic critic = Critic.shared(
                        policy,
                        config.seed(),
                        choice.loss(),
                        choice.coefficient(),
                        config.memory().microBatchTokens());
                return new Made(critic, Optional.empty());
            }
            CausalLM model = given.orElseGet(() -> model(policy, config, choice));
            model.gradientCheckpointing(config.memory().gradientCheckpointing());
            OptimizationConfig optimization = choice.learningRate().isPresent()
                    ? ConfigTree.with(
                            config.optimization(),
                            "learning_rate",
                            choice.learningRate().getAsDouble())
                    : config.optimization();
            Learner learner = new Learner(
                    model.parameters(), optimization, updates, config.memory().offloadOptimizer());
            Critic critic = Critic.own(
                    model,
                    learner,
                    choice.loss(),
                    choice.coefficient(),
                    config.memory().microBatchTokens());
            return new Made(critic, given.isPresent() ? Optional.empty() : note(choice));
        });
    }

    private static void requireF32(CausalLM policy) {
        if (policy.computeType() != DType.F32) {
            throw new IllegalStateException("value_model=shared reads values off hidden states in F32, but the policy"
                    + " computes in " + policy.computeType() + "; set value_model=own, or compute in F32 (--compute)");
        }
    }

    /** The configuration of a value model of its own, as far as memory is concerned; nothing is loaded. */
    static Optional<DecoderConfig> config(CausalLM policy, RlConfig config) {
        return config.algorithm()
                .critic()
                .filter(choice -> !choice.shared())
                .map(choice -> choice.path().isEmpty() ? policy.config() : plan(Path.of(choice.path())));
    }

    private static CausalLM model(CausalLM policy, RlConfig config, CriticChoice choice) {
        if (choice.path().isEmpty()) {
            return copyOf(policy, config.seed());
        }
        Path folder = Path.of(choice.path());
        int vocabulary = plan(folder).vocabularySize();
        if (vocabulary != policy.config().vocabularySize()) {
            throw new FormatException(
                    folder.resolve("config.json").toString(),
                    "the value model has a vocabulary of " + vocabulary + ", the policy one of "
                            + policy.config().vocabularySize() + ", and reads the policy's tokens",
                    "Use a value model with the policy's tokenizer, or leave value_model_path out");
        }
        ModelOptions options = ModelOptions.DEFAULT.on(policy.device());
        return CausalLM.loadScoring(folder, Head.Scores.REWARD, options, Optional.empty(), config.seed());
    }

    private static DecoderConfig plan(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new FormatException(
                    folder.toString(), "there is no such checkpoint folder", "Correct value_model_path");
        }
        return Families.read(folder);
    }

    private static CausalLM copyOf(CausalLM policy, long seed) {
        if (policy.adapter().isEmpty()) {
            return inF32(policy.withFreshHead(Head.Scores.REWARD, seed), policy.device());
        }
        if (!policy.weightFormats().equals(WeightFormats.F32)) {
            throw new IllegalStateException(
                    "the value model is to be a copy of the policy's layers, but those are held as "
                            + policy.weightFormats()
                            + " under the adapter, which cannot be trained. What helps: value_model=shared,"
                            + " value_model_path with a checkpoint, or weights in F32");
        }
        return inF32(policy.merged().withFreshHead(Head.Scores.REWARD, seed), policy.device());
    }

    /** A head that scores is trained in F32, whatever the policy computes in. */
    private static CausalLM inF32(CausalLM model, Device device) {
        return model.device().equals(device) && model.computeType() == DType.F32 ? model : model.to(device, DType.F32);
    }

    private static Optional<String> note(CriticChoice choice) {
        boolean fresh = !choice.path().isEmpty()
                && !(plan(Path.of(choice.path())).plan().head() instanceof Head.Scores);
        return fresh
                ? Optional.of(
                        "The value model of " + choice.path() + " has no head that scores: it begins with a fresh one")
                : Optional.empty();
    }
}
