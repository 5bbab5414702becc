// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.grammar.Program.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.IntUnaryOperator;

/**
 * Writes a {@link Program} from its end to its beginning: whatever is written is told the instruction that comes behind it and
 * returns the one that it begins with. So optional parts and alternatives share what follows them, and nothing is patched but
 * loops.
 *
 * <p>Patterns and schemas come from elsewhere, and {@code (a{1000}){1000}} is short: instructions and the steps that write them are
 * counted, and too many are an error that names the place being written.
 */
final class ProgramBuilder {
    /** Most instructions and ranges of bytes of a grammar. */
    static final int MAX_SIZE = 1 << 16;

    private static final int MAX_STEPS = 1 << 20;

    /** Sets of characters that take more than this are written once and called. */
    private static final int SHARED_RANGES = 8;

    private byte[] kinds = new byte[64];
    private int[] first = new int[64];
    private int[] second = new int[64];
    private int[][] tables = new int[64][];
    private int size;
    private int weight;
    private int steps;
    private final List<Program.Rule> rules = new ArrayList<>();
    private final Map<CodePointSet, Integer> sets = new HashMap<>();
    private final Map<Written, Integer> parts = new HashMap<>();
    private final int end;
    private String place;

    /** @param place what is written, for messages, until {@link #at} says another */
    ProgramBuilder(String place) {
        this.place = place;
        end = emit(Kind.RETURN, 0, 0, new int[0]);
    }

    /** What is written from now on, for messages. */
    void at(String newPlace) {
        place = newPlace;
    }

    String place() {
        return place;
    }

    /** The instruction that ends a rule, or the text. */
    int end() {
        return end;
    }

    /** Counts work that may write nothing. */
    void step() {
        if (++steps > MAX_STEPS) {
            throw tooLarge();
        }
    }

    private int emit(byte kind, int a, int b, int[] table) {
        step();
        weight += 1 + table.length / 3;
        if (weight > MAX_SIZE) {
            throw tooLarge();
        }
        if (size == kinds.length) {
            kinds = Arrays.copyOf(kinds, 2 * size);
            first = Arrays.copyOf(first, 2 * size);
            second = Arrays.copyOf(second, 2 * size);
            tables = Arrays.copyOf(tables, 2 * size);
        }
        kinds[size] = kind;
        first[size] = a;
        second[size] = b;
        tables[size] = table;
        return size++;
    }

    private FormatException tooLarge() {
        return new FormatException(
                place,
                "written out, the grammar takes more than " + MAX_SIZE + " instructions",
                "Use smaller counts (of repetitions, characters or items), or none");
    }

    /** Either of two. */
    int split(int one, int other) {
        return one == other ? one : emit(Kind.SPLIT, one, other, new int[0]);
    }

    /** Any of several. */
    int split(List<Integer> ways) {
        return ways.stream().reduce(this::split).orElseGet(this::nothing);
    }

    /** What no byte leads on from. */
    int nothing() {
        return emit(Kind.SWITCH, 0, 0, new int[0]);
    }

    /** A part of an expression and what comes behind it; the same objects are the same part. */
    private record Written(Regex part, Regex.Spelling spelling, int next) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Written written
                    && part == written.part
                    && spelling == written.spelling
                    && next == written.next;
        }

        @Override
        public int hashCode() {
            return 31 * System.identityHashCode(part) + next;
        }
    }

    /** Writes a part unless the same object has been written with the same behind it. */
    int once(Regex part, Regex.Spelling spelling, int next, IntSupplier write) {
        Written written = new Written(part, spelling, next);
        Integer start = parts.get(written);
        if (start == null) {
            start = write.getAsInt();
            parts.put(written, start);
        }
        return start;
    }

    /** What {@code body} writes, any number of times. */
    int loop(IntUnaryOperator body, int next) {
        int loop = emit(Kind.SPLIT, next, next, new int[0]);
        int start = body.applyAsInt(loop); // may move the arrays
        first[loop] = start;
        return loop;
    }

    /** A new rule, to be {@linkplain #define defined} later. */
    int rule(String name) {
        rules.add(new Program.Rule(-1, name));
        return rules.size() - 1;
    }

    void define(int rule, int start) {
        rules.set(rule, new Program.Rule(start, rules.get(rule).name()));
    }

    int call(int rule, int next) {
        return emit(Kind.CALL, rule, next, new int[0]);
    }

    int text(String text, int next) {
        return words(List.of(text), next);
    }

    /** One of several texts. */
    int words(Collection<String> words, int next) {
        return ByteTrie.write(this, words, next);
    }

    /** Reads a byte: first, last and where to go on, of each range in order. */
    int bytes(List<int[]> ranges) {
        return emit(
                Kind.SWITCH, 0, 0, ranges.stream().flatMapToInt(Arrays::stream).toArray());
    }

    /** How {@link #set} spells characters. */
    static final Regex.Spelling UTF8 = ProgramBuilder::set;

    /** One character of a set, in UTF-8. A large set becomes a rule of its own. */
    int set(CodePointSet set, int next) {
        if (set.isEmpty()) {
            return nothing();
        }
        if (set.bounds().size() <= 2 * SHARED_RANGES && set.bounds().getLast() < 0x80) {
            return Utf8Set.write(this, set, next);
        }
        Integer shared = sets.get(set);
        if (shared == null) {
            shared = rule("a set of characters");
            sets.put(set, shared);
            define(shared, Utf8Set.write(this, set, end));
        }
        return call(shared, next);
    }

    /** The program that begins with an instruction. */
    Program build(int start) {
        return new Program(
                Arrays.copyOf(kinds, size),
                Arrays.copyOf(first, size),
                Arrays.copyOf(second, size),
                Arrays.copyOf(tables, size),
                List.copyOf(rules),
                start);
    }
}
