// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Measures how long a step takes, and reports it to a flight recording. */
public final class StepClock {
    private final long begin = System.nanoTime();
    private final TrainingStepEvent event = new TrainingStepEvent();
    private final Map<Span.Work, Double> counted = new EnumMap<>(Span.Work.class);

    public StepClock() {
        event.begin();
    }

    /** Counts what was done for the step, perhaps before it began. */
    public void count(List<Span> spans) {
        spans.forEach(span -> counted.merge(span.work(), span.seconds(), Double::sum));
    }

    /** Ends the recording's event; measurements that follow are not part of it. */
    public void learned(int step, int samples, long tokens, double loss) {
        event.commit(step, samples, tokens, loss);
    }

    /** The times until now. */
    public void measure(Measurements measured, long tokens) {
        double seconds = (System.nanoTime() - begin) / 1e9;
        measured.put("step_time", seconds);
        measured.put("sampling_time", counted.getOrDefault(Span.Work.SAMPLING, 0.0));
        measured.put("switch_time", counted.getOrDefault(Span.Work.SWITCHING, 0.0));
        measured.put("tokens_per_s", tokens / seconds);
        if (counted.containsKey(Span.Work.WAITING)) { // where sampling runs ahead
            measured.put("rollout/wait_seconds", counted.get(Span.Work.WAITING));
            measured.put("rollout/sampler_wait_seconds", counted.getOrDefault(Span.Work.IDLE, 0.0));
            measured.put("rollout/reward_seconds", counted.getOrDefault(Span.Work.SCORING, 0.0));
        }
    }
}
