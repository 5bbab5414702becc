// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.List;

/** A regular expression as a tree, and how it is written as instructions. */
sealed interface Regex {
    /** No upper limit of a repetition. */
    int UNLIMITED = -1;

    Regex EMPTY = new Sequence(List.of());

    /** One character of a set. */
    record Characters(CodePointSet set) implements Regex {}

    /** One after the other. */
    record Sequence(List<Regex> parts) implements Regex {
        public Sequence {
            parts = List.copyOf(parts);
        }
    }

    /** One of several. */
    record Choice(List<Regex> ways) implements Regex {
        public Choice {
            ways = List.copyOf(ways);
        }
    }

    /** At least {@code least} times, at most {@code most} times or {@link #UNLIMITED}. */
    record Repeat(Regex body, int least, int most) implements Regex {}

    /** How a character of a set is spelled in the text. */
    @FunctionalInterface
    interface Spelling {
        /** Writes one character of a set, with {@code next} behind it. */
        int write(ProgramBuilder out, CodePointSet set, int next);
    }

    static Regex sequence(Regex... parts) {
        return new Sequence(List.of(parts));
    }

    static Regex choice(Regex... ways) {
        return new Choice(List.of(ways));
    }

    static Regex text(String text) {
        return new Sequence(text.codePoints()
                .<Regex>mapToObj(c -> new Characters(CodePointSet.single(c)))
                .toList());
    }

    static Regex optional(Regex body) {
        return new Repeat(body, 0, 1);
    }

    /** Writes it with {@code next} behind it and returns where it begins. Nesting is limited by whoever made the tree. */
    default int write(ProgramBuilder out, Spelling spelling, int next) {
        out.step();
        return switch (this) {
            case Characters(CodePointSet set) -> spelling.write(out, set, next);
            case Sequence(List<Regex> parts) -> {
                int start = next;
                for (Regex part : parts.reversed()) {
                    start = part.write(out, spelling, start);
                }
                yield start;
            }
            case Choice(List<Regex> ways) ->
                out.split(
                        ways.stream().map(way -> way.write(out, spelling, next)).toList());
            case Repeat repeat -> out.once(this, spelling, next, () -> repeated(repeat, out, spelling, next));
        };
    }

    private static int repeated(Repeat repeat, ProgramBuilder out, Spelling spelling, int next) {
        int start = next;
        if (repeat.most() == UNLIMITED) {
            start = out.loop(again -> repeat.body().write(out, spelling, again), next);
        } else {
            for (int i = repeat.least(); i < repeat.most(); i++) {
                start = out.split(repeat.body().write(out, spelling, start), next);
            }
        }
        for (int i = 0; i < repeat.least(); i++) {
            start = repeat.body().write(out, spelling, start);
        }
        return start;
    }
}
