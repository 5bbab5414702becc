// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.config.DecoderConfig;

/** Random weights as transformers initialises them; each parameter draws from a stream of its own. */
final class FreshWeights implements Weights {
    private final DecoderConfig config;
    private final long seed;
    private long stream;

    FreshWeights(DecoderConfig config, long seed) {
        this.config = config;
        this.seed = seed;
    }

    @Override
    public Var get(String name, int... extents) {
        Tensor value = Tensor.zeros(extents);
        Rng rng = new Rng(seed, stream++);
        if (name.endsWith("norm.weight")) {
            value.fill(1f);
        } else if (!name.endsWith(".bias")) {
            for (int i = 0; i < value.elements(); i++) {
                value.floats()[i] = (float) (config.initializerRange() * rng.nextGaussian());
            }
        }
        return Weights.parameter(name, value);
    }
}
