// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One training step from the first sampled token to the updated weights, in every flight recording. */
@Name("dev.jacobian.TrainingStep")
@Label("Training Step")
@Category("Jacobian")
@StackTrace(false)
final class TrainingStepEvent extends Event {
    @Label("Step")
    int step;

    @Label("Samples")
    int samples;

    @Label("Sampled Tokens")
    long tokens;

    @Label("Loss")
    double loss;

    /** Ends the event and writes it if a recording wants it. */
    void commit(int step, int samples, long tokens, double loss) {
        end();
        if (shouldCommit()) {
            this.step = step;
            this.samples = samples;
            this.tokens = tokens;
            this.loss = loss;
            commit();
        }
    }
}
