// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.util.function.Predicate;

/**
 * One of those that do the same work in a suite: ours, a peer, or a baseline. Each is measured in a process of its own.
 */
public sealed interface Side {
    /** What a side is for. */
    enum Role {
        /** This project. */
        OURS,
        /** Another engine; measured with {@code --peers}, in turn with ours. */
        PEER,
        /** The plain way to do it; measured in the first round only. */
        BASELINE
    }

    /** Short name with the version of a peer. */
    String name();

    Role role();

    /** Whether it can do a case (in a sensible time). */
    boolean does(String label);

    /**
     * A JMH benchmark in a forked JVM.
     *
     * @param benchmark class and method
     * @param cases which cases it does
     */
    record Jmh(String name, Role role, String benchmark, Predicate<String> cases) implements Side {
        public Jmh(String name, Role role, String benchmark) {
            this(name, role, benchmark, label -> true);
        }

        @Override
        public boolean does(String label) {
            return cases.test(label);
        }

        /** The class of the benchmark. */
        public String className() {
            return benchmark.substring(0, benchmark.lastIndexOf('.'));
        }
    }

    /**
     * A program that measures itself.
     *
     * @param program runs it
     */
    record Program(String name, Role role, External program) implements Side {
        @Override
        public boolean does(String label) {
            return true;
        }
    }
}
