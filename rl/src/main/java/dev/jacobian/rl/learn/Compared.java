// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.learn.PolicyGradient.Part;
import dev.jacobian.rl.objective.TokenBatch;
import dev.jacobian.rl.objective.TokenWeighting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Factors that compare the tokens of a micro-batch which goes through in parts: it is scored as a whole first, without gradient. */
final class Compared {
    private Compared() {}

    static void weigh(List<Part> parts, TokenWeighting weighting, Function<Part, TokenBatch> seen) {
        List<TokenBatch> batches = new ArrayList<>();
        for (Part part : parts) {
            batches.add(seen.apply(part));
        }
        double[] all = weighting.weights(TokenBatch.joined(batches));
        int at = 0;
        for (int p = 0; p < parts.size(); p++) {
            int n = batches.get(p).tokens();
            parts.get(p).weights(Arrays.copyOfRange(all, at, at + n));
            at += n;
        }
    }
}
