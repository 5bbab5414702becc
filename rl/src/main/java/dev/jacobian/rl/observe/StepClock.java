// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import java.util.List;

/** Measures how long a step takes, and reports it to a flight recording. */
public final class StepClock {
    private final long begin = System.nanoTime();
    private final TrainingStepEvent event = new TrainingStepEvent();
    private long sampling;

    public StepClock() {
        event.begin();
    }

    /** Counts what was sampled for the step, perhaps before it began. */
    public void count(List<Span> spans) {
        for (Span span : spans) {
            sampling += span.work() == Span.Work.SAMPLING ? span.end() - span.begin() : 0;
        }
    }

    /** Ends the recording's event; measurements that follow are not part of it. */
    public void learned(int step, int samples, long tokens, double loss) {
        event.commit(step, samples, tokens, loss);
    }

    /** The times until now. */
    public void measure(Measurements measured, long tokens) {
        double seconds = (System.nanoTime() - begin) / 1e9;
        measured.put("step_time", seconds);
        measured.put("sampling_time", sampling / 1e9);
        measured.put("tokens_per_s", tokens / seconds);
    }
}
