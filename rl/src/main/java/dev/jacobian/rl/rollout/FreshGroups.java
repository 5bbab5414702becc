// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import java.util.ArrayList;
import java.util.List;

/** The simplest buffer: nothing outlives its step, so all that is learned from comes from the weights that learn. */
final class FreshGroups implements Buffer {
    private final List<ScoredGroup> groups = new ArrayList<>();

    @Override
    public void add(ScoredGroup group) {
        groups.add(group);
    }

    @Override
    public List<ScoredGroup> draw(int count, long version) {
        if (groups.size() < count) {
            return List.of();
        }
        List<ScoredGroup> drawn = List.copyOf(groups.subList(0, count));
        groups.clear();
        return drawn;
    }

    @Override
    public boolean foresees() {
        return true;
    }
}
