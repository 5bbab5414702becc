// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.learn.LossValue;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.LossFunction;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ObjectiveResult;
import dev.jacobian.rl.objective.PolicyObjective;
import dev.jacobian.rl.objective.TokenBatch;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Gradients of a trainer's model as vectors, and how they compare. */
final class GradientDirection {
    private GradientDirection() {}

    /** The samples of groups as data, with the log-probabilities that they were drawn with and an advantage each. */
    static List<Datum> data(List<ScoredGroup> groups, List<double[]> advantages) {
        List<Datum> data = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            Group group = groups.get(g).group();
            for (int i = 0; i < group.size(); i++) {
                data.add(Datum.of(group.prompt(), group.completion(i))
                        .with("logprobs", group.samples().get(i).chosenLogProbs())
                        .with("advantages", (float) advantages.get(g)[i]));
            }
        }
        return data;
    }

    /** A method's objective as a trainer's loss: the mean over samples of what it says of each one's sum. */
    static LossFunction loss(PolicyObjective objective) {
        return batch -> {
            int[] offsets = new int[batch.data().size() + 1];
            for (int d = 0; d < batch.data().size(); d++) {
                offsets[d + 1] = offsets[d] + batch.data().get(d).count();
            }
            int[] lengths = new int[batch.data().size()];
            Arrays.setAll(lengths, d -> offsets[d + 1] - offsets[d]);
            boolean[] counted = new boolean[batch.count()];
            Arrays.fill(counted, true);
            float[] given = batch.fact("advantages"); // [N]
            double[] advantages = new double[given.length];
            Arrays.setAll(advantages, t -> given[t]);
            ObjectiveResult result = objective.evaluate(
                    new TokenBatch(
                            batch.logProbs(), batch.fact("logprobs"), Optional.empty(), advantages, offsets, counted),
                    Aggregation.sequenceMeanTokenSum().normalizer(lengths));
            double[] slopes = new double[counted.length];
            Arrays.setAll(slopes, t -> result.gradLogProbs()[t]);
            return new LossValue(result.loss(), slopes);
        };
    }

    /** The gradient of a loss, all parameters one behind the other; the trainer forgets it. */
    static float[] of(Trainer trainer, List<Datum> data, LossFunction loss) {
        trainer.clearGradients();
        trainer.forwardBackward(data, loss);
        int size = 0;
        List<float[]> parts = new ArrayList<>();
        for (Parameter parameter : trainer.model().parameters()) {
            Optional<Tensor> gradient = parameter.grad();
            if (gradient.isPresent()) {
                parts.add(gradient.get().toFloatArray().clone());
                size += parts.getLast().length;
            }
        }
        float[] all = new float[size];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        trainer.clearGradients();
        return all;
    }

    /** The cosine of the angle between two. */
    static double cosine(float[] a, float[] b) {
        return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    }

    /** ‖a − b‖ / ‖b‖. */
    static double difference(float[] a, float[] b) {
        double square = 0;
        for (int i = 0; i < a.length; i++) {
            square += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return Math.sqrt(square / dot(b, b));
    }

    static double norm(float[] a) {
        return Math.sqrt(dot(a, a));
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }
}
