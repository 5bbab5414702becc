// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.Reading;
import dev.jacobian.transformer.CausalLM;
import java.util.List;

/**
 * What a run has beside the model that learns and the data: how the loss's numbers are read, teachers, and who says what is learned.
 *
 * @param reading what the loss is a function of
 * @param teachers models in the place of a reference policy; of several their log-probabilities are averaged. None where the reference is
 *     the model as it was at first, or there is none
 * @param source of the examples of a step
 * @param sampled most tokens that it adds to an example
 */
public record Teaching<E>(Reading reading, List<CausalLM> teachers, Source<E> source, int sampled) {
    /** Who says what is learned in a micro-batch. */
    public interface Source<E> {
        /**
         * The examples that are learned: those of the data, or completions of them that somebody samples now. A function of the weights and
         * of its arguments alone, so that a resumed run is the same.
         *
         * @param step counted from 0
         * @param microBatch within the step
         */
        List<E> examples(int step, int microBatch, List<E> data);
    }

    public Teaching {
        teachers = List.copyOf(teachers);
    }

    /** What a method needs by itself. */
    static <E> Teaching<E> none(OfflineMethod<E> method) {
        return new Teaching<>(method.reading(), List.of(), asTheyAre(), 0);
    }

    /** The examples of the data. */
    static <E> Source<E> asTheyAre() {
        return (step, microBatch, data) -> data;
    }
}
