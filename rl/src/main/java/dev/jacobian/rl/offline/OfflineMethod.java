// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.transformer.plan.Head;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A method that learns from data somebody wrote down: rows become examples, examples become spans of tokens, and a closed form over the
 * log-probabilities of these tokens, or over what else is {@linkplain #reading read} there, is the loss.
 *
 * <p>An implementation is a public record whose {@link dev.jacobian.rl.config.Setting settings} are its own keys of the
 * configuration, and a value: what it remembers from batch to batch lies in {@link Batch#memory}. {@link OfflineTrainer} does all the
 * rest.
 *
 * @param <E> an example: token ids, and what a row says of them
 */
public interface OfflineMethod<E> {
    /** As the command is called: by default as the record, in lower case. */
    default String name() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    /** Where it is described. */
    String paper();

    /** Keys that all methods share, as this method has them by default. */
    default Map<String, Object> defaults() {
        return Map.of();
    }

    /** Settings that were given and do nothing beside the others, each in a sentence; said before a run begins. */
    default List<String> remarks() {
        return List.of();
    }

    /**
     * The examples in a row of the data, mostly one.
     *
     * @throws dev.jacobian.io.FormatException if the row is not what the method needs
     */
    List<E> encode(JsonNode row, RowEncoder encoder);

    /** How examples are kept, which may be more than memory holds. */
    RecordCodec<E> codec();

    /**
     * The data in the order in which it is gone through: packed, or sorted, or as it is.
     *
     * @param examples a list that makes each anew when it is asked for; what is returned is to be such a view of it, not a copy
     */
    default List<E> arrange(List<E> examples, int maxLength) {
        return examples;
    }

    /** The spans of a micro-batch: those of the first example, of the second, … */
    List<Span> spans(List<E> batch);

    /** Whether there are {@link #aside} spans, for which a reference policy is needed as long as the run lasts. */
    default boolean scoresAside() {
        return false;
    }

    /** Spans that are scored without gradient. */
    default List<Span> aside(List<E> batch) {
        return List.of();
    }

    /** Sequences whose logits are measured at every place, with padding behind them as TRL has it; mostly none. */
    default List<int[]> padded(List<E> batch) {
        return List.of();
    }

    /** Tokens of an example, as {@code num_tokens} counts them: those of its spans, unless these share some. */
    default long tokens(E example) {
        return spans(List.of(example)).stream()
                .mapToLong(span -> span.tokens().length)
                .sum();
    }

    /** What the loss is divided by, where that is summed over the whole optimizer step. */
    default long units(E example) {
        return 1;
    }

    /** Whether a reference policy scores the spans too. */
    default boolean needsReference() {
        return false;
    }

    /** How the reference policy is kept. */
    default ReferenceConfig referenceConfig() {
        return ReferenceConfig.FROZEN;
    }

    /** What the loss is a function of. */
    default Reading reading() {
        return new Reading.LogProbs(measures());
    }

    /** The head that the model has to have where it scores; empty for language models. */
    default Optional<Head.Scores> head() {
        return Optional.empty();
    }

    /** What else is measured of the logits. */
    default Set<Measure> measures() {
        return Set.of();
    }

    /** The derivative of the loss at every token, where it does not depend on log-probabilities. */
    default OptionalDouble constantDerivative(Window window) {
        return OptionalDouble.empty();
    }

    /** The micro-batch's share of the step's loss, with its derivative; puts metrics into the batch's meter. */
    Loss loss(Batch<E> batch);
}
