// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.sft.Permutation;
import java.util.ArrayList;
import java.util.List;

/**
 * Which examples a step has: a pure function of the step, so that a resumed run needs no place in the data.
 *
 * <p>As in Hugging Face's trainer a pass is cut into micro-batches and these into windows of one optimizer step each; the last
 * micro-batch may be small, and the last window short.
 *
 * @param rows examples of a pass; 0 for data without end
 * @param batch examples of a micro-batch
 * @param accumulation micro-batches of a window
 */
record BatchPlan(int rows, int batch, int accumulation, SamplingStrategy strategy, long seed) {
    private boolean flows() {
        return rows == 0 || strategy == SamplingStrategy.CONTINUOUS;
    }

    /** Optimizer steps of a pass. */
    private long stepsPerPass() {
        return flows()
                ? Math.ceilDiv(rows, (long) batch * accumulation)
                : Math.ceilDiv(Math.ceilDiv(rows, batch), accumulation);
    }

    /** Optimizer steps of so many passes. */
    int steps(double passes) {
        double steps = Math.ceil(passes * (double) stepsPerPass());
        require(
                steps <= Integer.MAX_VALUE,
                "num_train_epochs " + passes + " makes more optimizer steps than can be counted; lower it");
        return (int) steps;
    }

    /** The micro-batches of a step, counted from 0, as places in the data. */
    List<List<Long>> window(int step) {
        List<List<Long>> window = new ArrayList<>();
        if (flows()) {
            long next = (long) step * batch * accumulation;
            for (int g = 0; g < accumulation; g++) {
                List<Long> micro = new ArrayList<>();
                for (int i = 0; i < batch; i++, next++) {
                    micro.add(rows == 0 ? next : Permutation.of(seed, next / rows, rows, (int) (next % rows)));
                }
                window.add(micro);
            }
            return window;
        }
        long pass = step / stepsPerPass();
        long first = step % stepsPerPass() * accumulation * batch;
        for (int g = 0; g < accumulation && first < rows; g++, first += batch) {
            List<Long> micro = new ArrayList<>();
            for (long place = first; place < Math.min(rows, first + batch); place++) {
                micro.add(
                        strategy == SamplingStrategy.SEQUENTIAL
                                ? place
                                : Permutation.of(seed, pass, rows, (int) place));
            }
            window.add(micro);
        }
        return window;
    }
}
