// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The status file of sandboxes whose first process is a shell: {@code started}, then {@code exit N}. */
final class ShellStatus {
    private static final Pattern EXIT = Pattern.compile("started\nexit (\\d{1,3})\n");

    private ShellStatus() {}

    static OptionalInt exitCode(String status) {
        Matcher exit = EXIT.matcher(status);
        return exit.matches() ? OptionalInt.of(Integer.parseInt(exit.group(1))) : OptionalInt.empty();
    }
}
