// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.Adafactor;
import dev.jacobian.autograd.optim.Adagrad;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.DecayGroups;
import dev.jacobian.autograd.optim.Mixed;
import dev.jacobian.autograd.optim.Muon;
import dev.jacobian.autograd.optim.Optimizer;
import dev.jacobian.autograd.optim.RmsProp;
import dev.jacobian.autograd.optim.Sgd;
import java.util.List;

/** Optimizers under the names of Hugging Face's trainer. Weight decay is for all but norms and biases ({@link DecayGroups}). */
public enum Optim implements Spelled {
    /** Adam with decoupled weight decay. */
    ADAMW(List.of("adamw_torch", "adamw_torch_fused", "adamw"), List.of()) {
        @Override
        Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
            return new AdamW(parameters, config.adamW(), offload, DecayGroups::decays);
        }
    },
    /** Gradient descent, with momentum if one is given. */
    SGD(List.of("sgd"), List.of("momentum", "dampening", "nesterov")) {
        @Override
        Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
            Sgd.Settings settings = new Sgd.Settings(
                    number(config, "momentum", 0),
                    number(config, "dampening", 0),
                    config.optimArgs().truth(KEY, "nesterov", false),
                    config.weightDecay());
            return new Sgd(parameters, settings, DecayGroups::decays);
        }
    },
    /** Adafactor as transformers has it. */
    ADAFACTOR(
            List.of("adafactor"),
            List.of("scale_parameter", "relative_step", "beta1", "decay_rate", "clip_threshold")) {
        @Override
        Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
            return adafactor(Adafactor.Variant.TRANSFORMERS, parameters, config);
        }
    },
    /** Adafactor as torch has it. */
    TORCH_ADAFACTOR(List.of("adafactor_torch"), List.of("beta2_decay", "d")) {
        @Override
        Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
            return adafactor(Adafactor.Variant.TORCH, parameters, config);
        }
    },
    /** RMSprop. */
    RMSPROP(List.of("rmsprop"), List.of("alpha", "eps", "momentum")) {
        @Override
        Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
            return new RmsProp(
                    parameters,
                    number(config, "alpha", 0.99),
                    number(config, "eps", 1e-8),
                    number(config, "momentum", 0),
                    config.weightDecay(),
                    DecayGroups::decays);
        }
    },
    /** Adagrad. */
    ADAGRAD(List.of("adagrad"), List.of("eps")) {
        @Override
        Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
            return new Adagrad(parameters, number(config, "eps", 1e-10), config.weightDecay(), DecayGroups::decays);
        }
    },
    /** Muon for matrices, AdamW for embeddings, heads, vectors and what else is no matrix of a layer. */
    MUON(List.of("muon"), List.of("momentum", "nesterov", "ns_steps", "match_rms_adamw")) {
        @Override
        Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
            List<Parameter> matrices =
                    parameters.stream().filter(Optim::isInnerMatrix).toList();
            List<Parameter> rest =
                    parameters.stream().filter(p -> !isInnerMatrix(p)).toList();
            Muon.Settings settings = new Muon.Settings(
                    number(config, "momentum", 0.95),
                    config.optimArgs().truth(KEY, "nesterov", true),
                    (int) number(config, "ns_steps", 5),
                    config.optimArgs().truth(KEY, "match_rms_adamw", false),
                    config.weightDecay());
            return new Mixed(
                    new Muon(matrices, settings, DecayGroups::decays),
                    new AdamW(rest, config.adamW(), false, DecayGroups::decays));
        }
    };

    private static final String KEY = "optim_args";

    private final List<String> spellings;
    private final List<String> arguments;

    Optim(List<String> spellings, List<String> arguments) {
        this.spellings = spellings;
        this.arguments = arguments;
    }

    abstract Optimizer create(List<Parameter> parameters, OptimizationConfig config, boolean offload);

    /** The optimizer of some parameters. */
    Optimizer of(List<Parameter> parameters, OptimizationConfig config, boolean offload) {
        require(
                !offload || this == ADAMW,
                "offload_optimizer=true is for optim=adamw_torch, whose moments can lie elsewhere; optim is "
                        + spellings.getFirst());
        return create(parameters, config, offload);
    }

    /** Refuses arguments that the optimizer does not take. */
    void check(Arguments given) {
        given.requireOnly(KEY, spellings.getFirst(), arguments);
    }

    private static double number(OptimizationConfig config, String name, double fallback) {
        return config.optimArgs().number(KEY, name, fallback);
    }

    private static Optimizer adafactor(
            Adafactor.Variant variant, List<Parameter> parameters, OptimizationConfig config) {
        boolean torch = variant == Adafactor.Variant.TORCH;
        Adafactor.Settings settings = new Adafactor.Settings(
                variant,
                config.optimArgs().truth(KEY, "scale_parameter", false),
                config.optimArgs().truth(KEY, "relative_step", false),
                number(config, "beta1", 0),
                number(config, torch ? "beta2_decay" : "decay_rate", -0.8),
                number(config, torch ? "d" : "clip_threshold", 1),
                config.weightDecay());
        return new Adafactor(parameters, settings, DecayGroups::decays);
    }

    private static boolean isInnerMatrix(Parameter parameter) {
        String name = parameter.name();
        return parameter.value().rank() == 2 && !name.contains("embed") && !name.matches("(lm_head|score)\\b.*");
    }

    @Override
    public List<String> spellings() {
        return spellings;
    }
}
