// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.config.AsyncConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;

/**
 * How far the decisions of a run that samples ahead have come: which rollouts have begun, which have their place among those that are
 * learned from, which were thrown away and are to be sampled anew.
 *
 * <p>Decision: what follows from a decision follows here, in a run and when a file of decisions is read. So a file that this accepts to
 * its end can be carried out without anybody waiting for ever, and nothing that can be computed is written down: a rollout is thrown away by the very
 * decision behind which it could not be learned from any more.
 *
 * <p>Not thread-safe.
 */
final class Schedule {
    /**
     * What decisions must keep to.
     *
     * @param staleness rollouts by which weights may be older than those that learn
     * @param drops whether a rollout that is overtaken until it is too old is thrown away; otherwise none is overtaken
     * @param last the run's last rollout
     * @param nextSave the first rollout behind another after which there is a checkpoint, as far as decisions care; behind the last one where
     *     there is none
     */
    record Rules(int staleness, boolean drops, int last, IntUnaryOperator nextSave) {
        /** Those of a configuration. */
        static Rules of(AsyncConfig async, int last, IntUnaryOperator nextSave) {
            return new Rules(Math.min(async.maxStaleness(), last), async.drops(), last, nextSave);
        }
    }

    private final Rules rules;
    private final NavigableMap<Integer, Integer> open =
            new TreeMap<>(); // begun and without a place, with their weights
    private final NavigableSet<Integer> lost = new TreeSet<>(); // thrown away, and not begun again
    private int begun;
    private int placed;
    private int saved;
    private int newest;

    /**
     * Behind a checkpoint, or at the begin.
     *
     * @param learned rollouts that were learned from
     * @param made rollouts that have begun, and have their place
     */
    Schedule(Rules rules, int learned, int made) {
        this.rules = rules;
        this.begun = made;
        this.placed = made;
        this.saved = learned;
        this.newest = learned;
    }

    Rules rules() {
        return rules;
    }

    /** Rollouts whose problems have been drawn: numbers 1 to this. */
    int begun() {
        return begun;
    }

    /** Rollouts that have a place: the places 1 to this. */
    int placed() {
        return placed;
    }

    /** Rollouts that were thrown away and have not begun again. */
    NavigableSet<Integer> lost() {
        return lost;
    }

    /** Whether a rollout has begun and has no place. */
    boolean isOpen(int rollout) {
        return open.containsKey(rollout);
    }

    /** Whether nothing is left to be sampled. */
    boolean isAllBegun() {
        return begun == rules.last() && open.isEmpty() && lost.isEmpty();
    }

    /** Whether all of a run has been decided. */
    boolean isWhole() {
        return isAllBegun() && nextSave() > rules.last();
    }

    private int nextSave() {
        return saved >= rules.last() ? rules.last() + 1 : rules.nextSave().applyAsInt(saved);
    }

    /**
     * Takes a decision in.
     *
     * @throws IllegalArgumentException if it cannot be made here, saying why
     */
    void apply(Decision decision) {
        switch (decision) {
            case Decision.Sample sample -> sample(sample);
            case Decision.Learn learn -> learn(learn.rollout());
            case Decision.Saved mark -> saved(mark.rollouts());
        }
    }

    private void sample(Decision.Sample next) {
        int number = next.rollout();
        int weights = next.weights();
        require(
                number == begun + 1 && begun < rules.last() || lost.contains(number),
                "rollout " + number + " cannot begin: "
                        + (lost.isEmpty()
                                ? begun == rules.last() ? "all have" : (begun + 1) + " is the next one"
                                : lost + " were thrown away, and else " + (begun + 1) + " is the next one"));
        require(
                weights >= Math.max(newest, saved) && weights <= Math.min(placed, nextSave() - 1),
                "rollout " + number + " cannot be sampled with the weights after rollout " + weights
                        + ": there are those after " + Math.max(newest, saved) + " to "
                        + Math.min(placed, nextSave() - 1));
        int place = lost.contains(number) ? placed + 1 : number;
        require(
                place - 1 - weights <= rules.staleness(),
                "rollout " + number + " would be " + (place - 1 - weights)
                        + " rollouts old when it is learned from, more than max_staleness " + rules.staleness());
        newest = weights;
        if (!lost.remove(number)) {
            begun++;
        }
        if (rules.drops()) {
            open.put(number, weights);
        } else {
            placed++;
        }
    }

    private void learn(int rollout) {
        require(
                rules.drops(),
                "the order of rollouts is no decision with stale_rollouts=wait: they are learned from as they are"
                        + " sampled");
        require(isOpen(rollout), "rollout " + rollout + " cannot be learned from: under way are " + open.keySet());
        open.remove(rollout);
        placed++;
        List<Integer> old = new ArrayList<>();
        for (Map.Entry<Integer, Integer> other : open.entrySet()) {
            if (placed - other.getValue() > rules.staleness()) { // its place would be the next at the earliest
                old.add(other.getKey());
            }
        }
        old.forEach(open::remove);
        lost.addAll(old);
    }

    private void saved(int rollouts) {
        require(
                rollouts == nextSave(),
                "there is no checkpoint after rollout " + rollouts + ": the next one is after " + nextSave());
        require(
                placed >= rollouts && open.isEmpty() && lost.isEmpty(),
                "a checkpoint after rollout " + rollouts + " needs its samples, and nothing under way");
        saved = rollouts;
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
