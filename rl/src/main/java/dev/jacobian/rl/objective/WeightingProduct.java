// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.HashMap;
import java.util.Map;

/** Two weightings, one after the other. */
record WeightingProduct(TokenWeighting first, TokenWeighting second) implements TokenWeighting {
    @Override
    public double[] weights(TokenBatch batch) {
        double[] product = first.weights(batch);
        double[] others = second.weights(batch);
        for (int t = 0; t < product.length; t++) {
            product[t] *= others[t];
        }
        return product;
    }

    @Override
    public boolean readsRollout() {
        return first.readsRollout() || second.readsRollout();
    }

    @Override
    public boolean comparesTokens() {
        return first.comparesTokens() || second.comparesTokens();
    }

    @Override
    public Map<String, Quotient> measures(TokenBatch batch, double[] weights) {
        Map<String, Quotient> both = new HashMap<>(first.measures(batch, weights));
        both.putAll(second.measures(batch, weights));
        return both;
    }
}
