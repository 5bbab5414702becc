// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import dev.jacobian.rl.task.Turns;
import dev.jacobian.tensor.Rng;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** The samplers. Random numbers are keyed by the seed and the number of the draw, or of the epoch. */
final class Samplers {
    /** Keeps these random numbers apart from those that make problems, which are keyed by the seed itself. */
    private static final long OWN = 0x6375_7272_6963_756CL;

    private Samplers() {}

    private static Rng rng(long seed, long counter) {
        return new Rng(seed ^ OWN, counter);
    }

    /** Each problem once an epoch, in an order of the epoch's own. */
    static Sampler uniform(int size, long seed) {
        return Sampler.byNumber(inEpochs(size, seed));
    }

    private static Sampler.ByNumber inEpochs(int size, long seed) {
        return (first, count) -> {
            int[] drawn = new int[count];
            long epoch = -1;
            int[] order = {};
            for (int i = 0; i < count; i++) {
                if ((first + i) / size != epoch) {
                    epoch = (first + i) / size;
                    order = Draws.shuffled(size, rng(seed, epoch));
                }
                drawn[i] = order[(int) ((first + i) % size)];
            }
            return drawn;
        };
    }

    /**
     * Of the easiest problems, whose share grows evenly from {@code start} to all after so many draws.
     *
     * @param difficulties [size]
     */
    static Sampler easyToHard(double[] difficulties, double start, long draws, long seed) {
        int[] order = IntStream.range(0, difficulties.length)
                .boxed()
                .sorted(Comparator.comparingDouble(place -> difficulties[place])) // stable: equal ones as in the pool
                .mapToInt(Integer::intValue)
                .toArray();
        return Sampler.byNumber((first, count) -> {
            double share = Math.min(1, start + (1 - start) * first / draws);
            int open = Math.max(1, (int) Math.ceil(share * order.length));
            return IntStream.of(Draws.some(open, count, rng(seed, first)))
                    .map(place -> order[place])
                    .toArray();
        });
    }

    /**
     * Uniform, and after so many draws hard problems only; all of them while none is hard.
     *
     * @param difficulties [size]; none for 1 − the success rate so far
     */
    static Sampler uniformThenHard(
            int size, java.util.Optional<double[]> difficulties, double threshold, long draws, long seed) {
        Sampler.ByNumber uniform = inEpochs(size, seed);
        return difficulties.isPresent()
                ? Sampler.byNumber((first, count) -> first < draws
                        ? uniform.draw(first, count)
                        : hard(size, place -> difficulties.get()[place] >= threshold, count, rng(seed, first)))
                : (first, count, rates) -> first < draws
                        ? uniform.draw(first, count)
                        : hard(size, place -> 1 - rates.of(place) >= threshold, count, rng(seed, first));
    }

    private static int[] hard(int size, IntPredicate isHard, int count, Rng rng) {
        int[] hard = IntStream.range(0, size).filter(isHard).toArray();
        int[] open = hard.length == 0 ? IntStream.range(0, size).toArray() : hard;
        return IntStream.of(Draws.some(open.length, count, rng))
                .map(place -> open[place])
                .toArray();
    }

    /** In proportion to 1 − s: what is solved every time is not asked again. */
    static Sampler prioritized(int size, long seed) {
        return (first, count, rates) -> Draws.weighted(
                IntStream.range(0, size)
                        .mapToDouble(place -> 1 - rates.of(place))
                        .toArray(),
                count,
                rng(seed, first));
    }

    /** In proportion to 1 / max(s, floor). */
    static Sampler inverseSuccess(int size, double floor, long seed) {
        return (first, count, rates) -> Draws.weighted(
                IntStream.range(0, size)
                        .mapToDouble(place -> 1 / Math.max(rates.of(place), floor))
                        .toArray(),
                count,
                rng(seed, first));
    }

    /**
     * A tag by its weight, then the next problem of the tag, each once an epoch of its own.
     *
     * @param members places of each tag's problems
     * @param weights of each tag
     */
    static Sampler mixture(List<int[]> members, double[] weights, long seed) {
        Turns turns = new Turns(weights, seed ^ OWN);
        List<Sampler.ByNumber> own = IntStream.range(0, members.size())
                .mapToObj(tag -> inEpochs(members.get(tag).length, seed + 1 + tag))
                .toList();
        return Sampler.byNumber((first, count) -> IntStream.range(0, count)
                .map(i -> {
                    Turns.Turn turn = turns.at(first + i);
                    int[] places = members.get(turn.of());
                    return places[own.get(turn.of()).draw(turn.number(), 1)[0]];
                })
                .toArray());
    }
}
