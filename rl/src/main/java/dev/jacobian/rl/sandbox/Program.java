// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.util.List;

/**
 * A program as text.
 *
 * @param language how it is compiled and run
 * @param source its one file
 * @param arguments of its command line
 */
public record Program(Language language, String source, List<String> arguments) {
    /** Copies the list. */
    public Program {
        arguments = List.copyOf(arguments);
    }

    /** A program without arguments. */
    public Program(Language language, String source) {
        this(language, source, List.of());
    }

    /** Python 3. */
    public static Program python(String source) {
        return new Program(Language.python(), source);
    }

    /** Java; its class is {@code Main}. */
    public static Program java(String source) {
        return new Program(Language.java(), source);
    }

    /** C. */
    public static Program c(String source) {
        return new Program(Language.c(), source);
    }
}
