// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * (A − mean A) / (std A + ε) over all samples of the batch, of another estimator's A.
 *
 * @param inner whose; it must give one advantage per sample
 * @param epsilon added to the Bessel-corrected standard deviation
 */
public record BatchNormalized(AdvantageEstimator inner, double epsilon) implements AdvantageEstimator {
    /** Checks that ε is positive. */
    public BatchNormalized {
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("epsilon must be positive, got " + epsilon);
        }
    }

    /** With {@link GroupNormalized#DEFAULT_EPSILON}. */
    public BatchNormalized(AdvantageEstimator inner) {
        this(inner, GroupNormalized.DEFAULT_EPSILON);
    }

    @Override
    public boolean needsReference() {
        return inner.needsReference();
    }

    @Override
    public double[] comparedRewards(GroupRewards group) {
        return inner.comparedRewards(group);
    }

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        List<GroupAdvantages> raw = inner.advantages(batch);
        double[] all = raw.stream()
                .flatMapToDouble(group -> IntStream.range(0, group.size()).mapToDouble(group::mean))
                .toArray();
        if (all.length == 0) {
            return raw;
        }
        double[] normal = new GroupNormalized(epsilon).advantages(new GroupRewards(all, new int[all.length]));
        List<GroupAdvantages> normalized = new ArrayList<>();
        int at = 0;
        for (GroupAdvantages group : raw) {
            normalized.add(GroupAdvantages.ofSamples(Arrays.copyOfRange(normal, at, at + group.size())));
            at += group.size();
        }
        return normalized;
    }
}
