// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Normalizer;
import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The samples whose metrics, and some of whose losses, are means of their own: TRL's {@code per_device_train_batch_size} rows. An optimizer step is
 * a list of them. How many of them fit into one pass is another matter ({@code micro_batch_tokens}) and changes nothing but rounding.
 *
 * @param groups samples by the prompt that they share, also where a micro-batch has only some of a group's
 * @param normalizer what its losses are divided by
 * @param share of the step: one over the number of its micro-batches
 */
public record MicroBatch(List<CreditedGroup> groups, Normalizer normalizer, double share) {
    public MicroBatch {
        groups = List.copyOf(groups);
    }

    /** A step that is one micro-batch, which is all that it is divided by. */
    static MicroBatch whole(List<CreditedGroup> groups, Aggregation aggregation) {
        return new MicroBatch(groups, aggregation.normalizer(lengths(groups)), 1);
    }

    /** Checks that what was evaluated is what is here. */
    void requireComplete(ObjectiveStatistics evaluated) {
        normalizer.aggregation().normalizer(lengths(groups)).requireComplete(evaluated);
    }

    /** Cuts the rows of a batch, sample after sample, into so many equal runs. */
    public static List<List<CreditedGroup>> cut(List<CreditedGroup> batch, int runs) {
        long rows = lengths(batch).length;
        List<List<CreditedGroup>> cut = new ArrayList<>();
        for (int r = 0; r < runs; r++) {
            cut.add(rows(batch, (int) (r * rows / runs), (int) ((r + 1) * rows / runs)));
        }
        return cut;
    }

    private static List<CreditedGroup> rows(List<CreditedGroup> batch, int from, int to) {
        List<CreditedGroup> some = new ArrayList<>();
        int first = 0;
        for (CreditedGroup group : batch) {
            int size = group.scored().group().size();
            int begin = Math.max(0, from - first);
            int end = Math.min(size, to - first);
            if (begin < end) {
                some.add(group.slice(begin, end));
            }
            first += size;
        }
        return some;
    }

    /** The tokens of each sample that are learned from. */
    public static int[] lengths(List<CreditedGroup> groups) {
        return groups.stream()
                .flatMapToInt(g -> IntStream.range(0, g.scored().group().size()).map(i -> length(g.scored(), i)))
                .toArray();
    }

    private static int length(ScoredGroup group, int sample) {
        return group.counts()[sample] ? group.group().samples().get(sample).choices() : 0;
    }
}
