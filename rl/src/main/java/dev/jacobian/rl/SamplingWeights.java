// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Weights that batches are to be sampled with while training goes on changing the model's.
 *
 * <p>Decisions: there is one second model, which samples; of versions that it has not come to yet the values of the parameters alone are
 * kept, in memory that is used again. Of a model with an adapter that is the adapter: both models share what is not trained.
 *
 * <p>Kept by the thread that trains, loaded by the thread that samples.
 */
final class SamplingWeights {
    private final CausalLM policy;
    private final NavigableMap<Integer, List<Tensor>> kept = new TreeMap<>();
    private final Deque<List<Tensor>> spare = new ArrayDeque<>();
    private int loaded = -1;

    SamplingWeights(CausalLM model) {
        policy = model.copy();
    }

    /** The model that samples. */
    CausalLM policy() {
        return policy;
    }

    /**
     * Keeps the weights that a model has now.
     *
     * @param version greater than those before
     */
    synchronized void keep(int version, CausalLM model) {
        List<Tensor> values = spare.isEmpty() ? new ArrayList<>() : spare.pop();
        List<Parameter> parameters = model.parameters();
        for (int p = 0; p < parameters.size(); p++) {
            Tensor value = parameters.get(p).value();
            if (p < values.size()) {
                values.get(p).copyFrom(value);
            } else {
                values.add(value.copy());
            }
        }
        kept.put(version, values);
    }

    /**
     * Puts the model that samples at a version, and forgets earlier ones.
     *
     * @throws IllegalStateException if that was not kept
     */
    synchronized void load(int version) {
        if (version == loaded) {
            return;
        }
        List<Tensor> values = kept.get(version);
        if (values == null) {
            throw new IllegalStateException(
                    "the weights after rollout " + version + " are not there: " + kept.keySet());
        }
        List<Parameter> parameters = policy.parameters();
        for (int p = 0; p < parameters.size(); p++) {
            parameters.get(p).value().copyFrom(values.get(p));
            parameters.get(p).valueChanged();
            parameters.get(p).refreshCopies();
        }
        loaded = version;
        NavigableMap<Integer, List<Tensor>> past = kept.headMap(version, true);
        past.values().forEach(spare::push);
        past.clear();
    }
}
