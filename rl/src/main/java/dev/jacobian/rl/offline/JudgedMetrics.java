// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** What KTO and BCO measure of completions that were liked and of those that were not; BCO pools the micro-batches of a step as TRL does. */
final class JudgedMetrics {
    private JudgedMetrics() {}

    /** @param pooled whether micro-batches with more such completions count more */
    static void measure(Batch<Judged> batch, double beta, boolean pooled) {
        Meter meter = batch.meter();
        SpanScores policy = batch.policy();
        double[] rewards = new double[2];
        int[] counts = new int[2];
        for (int i = 0; i < batch.size(); i++) {
            int span = 2 * i + 1;
            boolean liked = batch.examples().get(i).desirable();
            String side = liked ? "chosen" : "rejected";
            double reward = beta * batch.logRatio(span);
            rewards[liked ? 1 : 0] += reward;
            counts[liked ? 1 : 0]++;
            add(meter, pooled, "rewards/" + side, reward, 1);
            add(meter, pooled, "logps/" + side, policy.sum(span), 1);
            add(meter, pooled, "logits/" + side, policy.sum(policy.tokens().meanLogits(), span), policy.count(span));
        }
        if (pooled) {
            meter.difference("rewards/margins", "rewards/chosen", "rewards/rejected");
        } else if (counts[0] > 0 && counts[1] > 0) {
            meter.value("rewards/margins", rewards[1] / counts[1] - rewards[0] / counts[0]);
        }
    }

    private static void add(Meter meter, boolean pooled, String name, double sum, double count) {
        if (pooled) {
            meter.pooled(name, sum, count);
        } else {
            meter.add(name, sum, count);
        }
    }
}
