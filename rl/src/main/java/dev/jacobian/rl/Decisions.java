// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Who decides which weights sample which rollout, and which one is learned from next: their numbers ({@link ByNumber}), the clock
 * ({@link ByClock}) or a file ({@link FromFile}).
 *
 * <p>Asked again whenever something has changed; what is answered is done.
 */
interface Decisions {
    /**
     * Where a run is.
     *
     * @param decided what has been decided
     * @param learned rollouts that were learned from; the newest weights are those after them
     * @param underWay rollouts that are being sampled, or wait for their rewards
     * @param settling whether there is to be a checkpoint, before which nothing begins that need not
     */
    record Moment(Schedule decided, int learned, int underWay, boolean settling) {
        private boolean hasRoom() {
            return decided.begun()
                    < Math.min(
                            decided.rules().last(),
                            learned + 1L + decided.rules().staleness());
        }

        private boolean isQuiet() {
            return underWay == 0 && decided.lost().isEmpty();
        }
    }

    /** What is sampled next; empty while that is not to begin yet. */
    Optional<Decision.Sample> sample(Moment now);

    /**
     * Where rollouts may overtake each other: which one is learned from next; empty while none is to be. Elsewhere they keep their order.
     *
     * @param sampled those that are sampled, in order
     * @param rewarded whether all that could be asked about one's samples is answered
     */
    default Optional<Decision.Learn> learn(Moment now, List<Integer> sampled, IntPredicate rewarded) {
        return Optional.empty();
    }

    /** Whether all is there that a checkpoint waits for. */
    boolean isSettled(Moment now);

    /** What is decided by a checkpoint; empty where that is nobody's concern. */
    Optional<Decision.Saved> saved(int rollouts);

    /** Rollout b is sampled with the weights after rollout max(0, b − 1 − S), and learned from in its turn. */
    record ByNumber(int inflight) implements Decisions {
        @Override
        public Optional<Decision.Sample> sample(Moment now) {
            int next = now.decided().begun() + 1;
            return now.hasRoom() && now.underWay() < inflight
                    ? Optional.of(new Decision.Sample(
                            next, Math.max(0, next - 1 - now.decided().rules().staleness())))
                    : Optional.empty();
        }

        @Override
        public boolean isSettled(Moment now) {
            return !now.hasRoom() && now.isQuiet();
        }

        @Override
        public Optional<Decision.Saved> saved(int rollouts) {
            return Optional.empty();
        }
    }

    /** A rollout is sampled with the newest weights, as soon as there is room for it; the first that has its rewards is learned from. */
    record ByClock(int inflight) implements Decisions {
        @Override
        public Optional<Decision.Sample> sample(Moment now) {
            Schedule decided = now.decided();
            if (now.underWay() >= inflight) {
                return Optional.empty();
            }
            if (!decided.lost().isEmpty()) {
                return Optional.of(new Decision.Sample(decided.lost().first(), now.learned()));
            }
            return now.hasRoom() && !now.settling()
                    ? Optional.of(new Decision.Sample(decided.begun() + 1, now.learned()))
                    : Optional.empty();
        }

        @Override
        public Optional<Decision.Learn> learn(Moment now, List<Integer> sampled, IntPredicate rewarded) {
            return sampled.stream().filter(rewarded::test).findFirst().map(Decision.Learn::new);
        }

        @Override
        public boolean isSettled(Moment now) {
            return now.isQuiet();
        }

        @Override
        public Optional<Decision.Saved> saved(int rollouts) {
            return Optional.of(new Decision.Saved(rollouts));
        }
    }

    /** Decisions of an earlier run, in their order: each waits until those before it were made, and until it can be. */
    final class FromFile implements Decisions {
        private final List<Decision> decisions;
        private int next;

        /**
         * Goes on somewhere.
         *
         * @param decisions of the whole run
         * @param next the first that is not made yet
         */
        FromFile(List<Decision> decisions, int next) {
            this.decisions = List.copyOf(decisions);
            this.next = next;
        }

        @Override
        public Optional<Decision.Sample> sample(Moment now) {
            return next(Decision.Sample.class, sample -> sample.weights() <= now.learned());
        }

        @Override
        public Optional<Decision.Learn> learn(Moment now, List<Integer> sampled, IntPredicate rewarded) {
            return next(Decision.Learn.class, learn -> sampled.contains(learn.rollout()));
        }

        @Override
        public boolean isSettled(Moment now) {
            return now.isQuiet() && decisions.get(next) instanceof Decision.Saved;
        }

        @Override
        public Optional<Decision.Saved> saved(int rollouts) {
            return next(Decision.Saved.class, mark -> mark.rollouts() == rollouts);
        }

        private interface Possible<T> {
            boolean now(T decision);
        }

        /** The next decision, if it is of this kind and can be made now. */
        private <T extends Decision> Optional<T> next(Class<T> kind, Possible<T> possible) {
            if (next == decisions.size() || !kind.isInstance(decisions.get(next))) {
                return Optional.empty();
            }
            T decision = kind.cast(decisions.get(next));
            if (!possible.now(decision)) {
                return Optional.empty();
            }
            next++;
            return Optional.of(decision);
        }
    }
}
