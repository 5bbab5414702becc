// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import java.util.PriorityQueue;

/** What a worker has at once: prompts first, then all sequences a token a step, fewer as they end; a place that is left is the next one's. */
final class WorkerBatch {
    private WorkerBatch() {}

    /**
     * Seconds from the begin until each sequence ends.
     *
     * @param tokens of each
     * @param prompts that are computed before the first step
     */
    static double[] ends(int[] tokens, int prompts, LoopModel model) {
        double[] ends = new double[tokens.length];
        double clock = (double) prompts * model.promptTokens() * model.times().prefillPerToken();
        long steps = 0;
        int next = 0;
        PriorityQueue<Running> running = new PriorityQueue<>();
        while (next < tokens.length || !running.isEmpty()) {
            while (next < tokens.length && running.size() < model.settings().slots()) {
                running.add(new Running(steps + tokens[next], next));
                next++;
            }
            Running first = running.element();
            clock += (first.last - steps) * model.times().decode().step(running.size());
            steps = first.last;
            while (!running.isEmpty() && running.element().last == steps) {
                ends[running.remove().index] = clock;
            }
        }
        return ends;
    }

    /** A sequence and the step that is its last. */
    private record Running(long last, int index) implements Comparable<Running> {
        @Override
        public int compareTo(Running other) {
            int byStep = Long.compare(last, other.last);
            return byStep != 0 ? byStep : Integer.compare(index, other.index);
        }
    }
}
