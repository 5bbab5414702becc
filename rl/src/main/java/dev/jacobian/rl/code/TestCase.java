// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

/**
 * A test of a program.
 *
 * @param input what it reads from standard input
 * @param output what it must write to standard output; blanks at the ends of lines and empty lines at the end do not count
 */
public record TestCase(String input, String output) {}
