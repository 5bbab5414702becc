// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.grammar.Program.Kind;
import dev.jacobian.tensor.Nullable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Runs a {@link Program} as a deterministic automaton over bytes: from a state each byte leads to one other, or nowhere. States are
 * made when they are first reached and kept.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>From every state the end can be reached, byte by byte: ways that would lead to no end, because there is none or because
 *       it needs deeper nesting than {@link #MAX_DEPTH}, are not taken ({@link Heights}).
 *   <li>Grammars with recursion have infinitely many states and hostile ones very many. When there are {@link #MAX_STATES} all are
 *       forgotten and made again as they are needed; those that somebody holds stay good. A state that stands for more than
 *       {@link #MAX_WAYS} ways to read the text is an error.
 * </ul>
 *
 * <p>Safe for any number of threads.
 */
final class Automaton {
    /** Deepest nesting of a text, and of what the schema puts around values. */
    static final int MAX_DEPTH = 128;

    private static final int MAX_STATES = 1 << 14;
    private static final int MAX_WAYS = 1 << 14;

    private final Program program;
    private final String where;
    private final int[] heights;
    private final int[] order;
    private final Map<State, State> states = new HashMap<>();
    private final Map<Frame, Frame> frames = new HashMap<>();
    private State start;

    /**
     * @param where what the grammar was read from, for messages
     * @throws FormatException if it refers to itself with nothing in between, or has no text that ends
     */
    Automaton(Program program, String where) {
        this.program = program;
        this.where = where;
        order = CallOrder.of(program, where);
        heights = Heights.of(program);
        if (heights[program.start()] > MAX_DEPTH) {
            throw new FormatException(
                    where,
                    heights[program.start()] >= Heights.ENDLESS
                            ? "no text can satisfy it: what it asks for never ends, or allows no character somewhere"
                            : "every text that satisfies it is nested deeper than " + MAX_DEPTH,
                    "Let something that refers to itself be optional, or null, or an empty list");
        }
        start = first();
    }

    /** A place in a text: what has been read, as far as it matters for what may follow. */
    static final class State {
        private final int[] pcs;
        private final Frame[] frames;
        private final boolean accepting;
        private final int hash;
        private State @Nullable [] next;

        private State(List<Ways.Way> ways, boolean accepting) {
            this.accepting = accepting;
            pcs = new int[ways.size()];
            frames = new Frame[ways.size()];
            int code = Boolean.hashCode(accepting);
            for (int i = 0; i < pcs.length; i++) {
                pcs[i] = ways.get(i).pc();
                frames[i] = ways.get(i).frame();
                code = 31 * (31 * code + pcs[i]) + System.identityHashCode(frames[i]);
            }
            hash = code;
        }

        /** Whether the text may end here. */
        boolean accepting() {
            return accepting;
        }

        /** Whether the text must end here. */
        boolean finished() {
            return pcs.length == 0;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof State state
                    && accepting == state.accepting
                    && java.util.Arrays.equals(pcs, state.pcs)
                    && Ways.sameObjects(frames, state.frames);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    /** Stands in a table of ways for no way; never leaves this class. */
    private static final State NOWHERE = new State(List.of(), false);

    /** Before the first byte. */
    synchronized State start() {
        return start;
    }

    /** The state behind a byte, 0 to 255; null if it may not come here. */
    @Nullable
    State step(State from, int b) {
        State[] next = from.next;
        State known = next == null ? null : next[b];
        if (known == null) {
            known = compute(from, b);
        }
        return known == NOWHERE ? null : known;
    }

    /** The state behind some bytes; null if they may not come here. */
    @Nullable
    State run(State from, byte[] bytes) {
        State state = from;
        for (int i = 0; i < bytes.length && state != null; i++) {
            state = step(state, bytes[i] & 0xFF);
        }
        return state;
    }

    private synchronized State compute(State from, int b) {
        Closure closure = null;
        for (int i = 0; i < from.pcs.length; i++) {
            int to = lookUp(program.tables()[from.pcs[i]], b);
            if (to >= 0) {
                closure = closure == null ? new Closure() : closure;
                closure.reach(to, from.frames[i]);
            }
        }
        State[] next = from.next;
        if (next == null) {
            next = new State[256];
            from.next = next;
        }
        State reached = closure == null ? NOWHERE : closure.state();
        next[b] = reached;
        if (states.size() > MAX_STATES) {
            forget();
        }
        return reached;
    }

    private void forget() {
        states.clear();
        frames.clear();
        start = first();
    }

    private State first() {
        Closure closure = new Closure();
        closure.reach(program.start(), Frame.ROOT);
        return closure.state();
    }

    private static int lookUp(int[] table, int b) {
        int low = 0;
        int high = table.length / 3 - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (b < table[3 * middle]) {
                high = middle - 1;
            } else if (b > table[3 * middle + 1]) {
                low = middle + 1;
            } else {
                return table[3 * middle + 2];
            }
        }
        return -1;
    }

    /** Calls of one rule at one place of the text: where it starts, and where its callers go on. */
    private record Calls(int start, Ways callers) {}

    /** All instructions that read a byte and can be reached from some without reading one. */
    private final class Closure {
        private final Ways reached = new Ways();
        private final Ways reading = new Ways();
        private final Deque<Ways.Way> open = new ArrayDeque<>();
        private final TreeMap<Integer, Calls> calls = new TreeMap<>(); // by the rule's place in the order
        private boolean accepting;

        void reach(int pc, Frame frame) {
            if (frame.depth + heights[pc] <= MAX_DEPTH && reached.add(pc, frame)) {
                open.push(new Ways.Way(pc, frame));
                if (reached.size() > MAX_WAYS) {
                    throw new FormatException(
                            where,
                            "there are more than " + MAX_WAYS + " ways to read the same text",
                            "Use smaller counts, and alternatives that differ early");
                }
            }
        }

        State state() {
            follow();
            while (!calls.isEmpty()) {
                Calls next = calls.pollFirstEntry().getValue();
                reach(next.start(), frame(next.callers()));
                follow();
            }
            List<Ways.Way> sorted = reading.sorted();
            if (sorted.isEmpty() && !accepting) {
                return NOWHERE;
            }
            State state = new State(sorted, accepting);
            State known = states.putIfAbsent(state, state);
            return known == null ? state : known;
        }

        private void follow() {
            while (!open.isEmpty()) {
                Ways.Way way = open.pop();
                int pc = way.pc();
                switch (program.kinds()[pc]) {
                    case Kind.SWITCH -> reading.add(pc, way.frame());
                    case Kind.SPLIT -> {
                        reach(program.first()[pc], way.frame());
                        reach(program.second()[pc], way.frame());
                    }
                    case Kind.CALL -> {
                        int rule = program.first()[pc];
                        calls.computeIfAbsent(
                                        order[rule],
                                        place -> new Calls(
                                                program.rules().get(rule).start(), new Ways()))
                                .callers()
                                .add(program.second()[pc], way.frame());
                    }
                    default -> back(way.frame());
                }
            }
        }

        private void back(Frame frame) {
            accepting |= frame == Frame.ROOT;
            for (int i = 0; i < frame.behind.length; i++) {
                reach(frame.behind[i], frame.callers[i]);
            }
        }

        private Frame frame(Ways callers) {
            List<Ways.Way> sorted = callers.sorted();
            Frame frame = new Frame(
                    sorted.stream().mapToInt(Ways.Way::pc).toArray(),
                    sorted.stream().map(Ways.Way::frame).toArray(Frame[]::new));
            Frame known = frames.putIfAbsent(frame, frame);
            return known == null ? frame : known;
        }
    }
}
