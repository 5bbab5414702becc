// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.ArrayList;
import java.util.List;

/**
 * Another estimator's advantages for some of a group's samples. The others were there to be compared with, and are neither learned
 * from nor computed again.
 *
 * @param inner what compares, all samples of the group
 * @param selection which are learned from
 */
public record Selected(AdvantageEstimator inner, Selection selection) implements AdvantageEstimator {
    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        List<GroupAdvantages> all = inner.advantages(batch);
        List<GroupAdvantages> some = new ArrayList<>();
        for (int g = 0; g < batch.size(); g++) {
            some.add(all.get(g).keeping(selection.of(batch.get(g))));
        }
        return some;
    }

    @Override
    public boolean needsReference() {
        return inner.needsReference();
    }
}
