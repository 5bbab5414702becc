// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import dev.jacobian.rl.math.expression.Work;
import dev.jacobian.rl.math.reading.Characters;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The answer that a completion commits itself to.
 *
 * <p>What was thought does not count, only what was said after it. Then, in this order: an {@code <answer>} tag; the last of what announces an
 * answer (a box, "the answer is", {@code ####}) that was not taken back; the last formula or value of the last sentence that has one.
 *
 * @param texts the same answer, cut longer and shorter; the first is shown to people
 * @param plain whether it is ordinary text rather than LaTeX
 */
public record FinalAnswer(List<String> texts, boolean plain) {

    /** A longer completion is looked at from here to its end. */
    static final int LONGEST = 200_000;

    static Optional<FinalAnswer> of(boolean plain, String... texts) {
        List<String> present = java.util.Arrays.stream(texts)
                .filter(text -> !text.isBlank())
                .distinct()
                .toList();
        return present.isEmpty() ? Optional.empty() : Optional.of(new FinalAnswer(present, plain));
    }

    /** The same answer, which may also be this. */
    FinalAnswer or(String text) {
        List<String> all = new ArrayList<>(texts);
        all.add(text);
        return new FinalAnswer(List.copyOf(all), plain);
    }

    /** The answer in a completion; empty if it commits to none. */
    public static Optional<FinalAnswer> in(String completion, Work work) {
        String end = completion.length() > LONGEST ? completion.substring(completion.length() - LONGEST) : completion;
        work.spend(end.length());
        String said = Said.in(Characters.normalized(end));
        Optional<String> tagged = Said.tagged(said);
        if (tagged.isPresent()) {
            Optional<FinalAnswer> inside = announced(tagged.get(), work);
            return inside.isPresent() ? inside : LastFormula.bare(tagged.get(), work);
        }
        Optional<FinalAnswer> announced = announced(said, work);
        return announced.isPresent() ? announced : LastFormula.in(said, work);
    }

    private static Optional<FinalAnswer> announced(String text, Work work) {
        return Announcements.last(text, work);
    }
}
