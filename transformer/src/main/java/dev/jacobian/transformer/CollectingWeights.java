// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import java.util.List;

/**
 * Lists what can be trained as it passes by, in the order in which the model asks for it.
 *
 * @param parameters receives the trainable weights
 */
record CollectingWeights(Weights source, List<Parameter> parameters) implements Weights {
    @Override
    public Var get(String name, int... extents) {
        return collect(source.get(name, extents));
    }

    @Override
    public LinearWeight linear(String name, int outputs, int inputs) {
        LinearWeight weight = source.linear(name, outputs, inputs);
        return weight instanceof Var dense ? collect(dense) : weight;
    }

    @Override
    public Var embedding(String name, int vocabulary, int width) {
        return collect(source.embedding(name, vocabulary, width));
    }

    @Override
    public LinearWeight tiedHead(String name, Var embedding) {
        return source.tiedHead(name, embedding); // not listed a second time
    }

    private Var collect(Var weight) {
        if (weight instanceof Parameter trainable) {
            parameters.add(trainable);
        }
        return weight;
    }
}
