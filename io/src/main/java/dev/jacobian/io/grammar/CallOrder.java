// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.grammar.Program.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * An order of rules in which each comes before those that it may call before it has read a byte. So all calls of a rule at one
 * place of the text are known before the rule is entered, and it is entered once for all of them.
 */
final class CallOrder {
    private static final int UNSEEN = -1;
    private static final int OPEN = -2;

    private CallOrder() {}

    /**
     * The place of each rule in the order.
     *
     * @throws FormatException if a rule comes back to itself without having read a byte: it would have no meaning
     */
    static int[] of(Program program, String where) {
        List<List<Integer>> callees = new ArrayList<>();
        for (Program.Rule rule : program.rules()) {
            callees.add(calledFirst(program, rule));
        }
        int[] places = new int[callees.size()];
        Arrays.fill(places, UNSEEN);
        int[] asked = new int[callees.size()]; // callees of each rule that have been looked at
        int free = callees.size();
        for (int root = 0; root < places.length; root++) {
            Deque<Integer> path = new ArrayDeque<>(places[root] == UNSEEN ? List.of(root) : List.of());
            while (!path.isEmpty()) {
                int rule = path.element();
                places[rule] = OPEN;
                if (asked[rule] == callees.get(rule).size()) {
                    places[rule] = --free; // after all that it calls has got a later place
                    path.pop();
                    continue;
                }
                int callee = callees.get(rule).get(asked[rule]++);
                if (places[callee] == OPEN) {
                    throw new FormatException(
                            where,
                            program.rules().get(callee).name() + " refers back to itself with nothing in between",
                            "Put the reference inside of an object or an array");
                }
                if (places[callee] == UNSEEN) {
                    path.push(callee);
                }
            }
        }
        return places;
    }

    private static List<Integer> calledFirst(Program program, Program.Rule rule) {
        List<Integer> called = new ArrayList<>();
        Set<Integer> seen = new HashSet<>();
        Deque<Integer> open = new ArrayDeque<>(List.of(rule.start()));
        while (!open.isEmpty()) {
            int pc = open.pop();
            if (!seen.add(pc)) {
                continue;
            }
            switch (program.kinds()[pc]) {
                case Kind.SPLIT -> {
                    open.push(program.first()[pc]);
                    open.push(program.second()[pc]);
                }
                case Kind.CALL -> called.add(program.first()[pc]);
                case Kind.RETURN -> throw new AssertionError(rule.name() + " can return without reading a byte");
                default -> {} // reads a byte
            }
        }
        return called;
    }
}
