// SPDX-License-Identifier: Apache-2.0
/**
 * Jinja, the language of chat templates, as far as they use it and exactly as Python renders it.
 *
 * <p>Source to tokens ({@link dev.jacobian.io.jinja.Lexer}), to a tree of records ({@link dev.jacobian.io.jinja.Statement}, {@link
 * dev.jacobian.io.jinja.Expression}), which the {@link dev.jacobian.io.jinja.Interpreter} carries out over {@link
 * dev.jacobian.io.jinja.Value}s. Filters, tests and functions are tables of lambdas; the {@link dev.jacobian.io.jinja.Meter} counts
 * whatever they do. {@link dev.jacobian.io.jinja.JinjaTemplate} is all that other packages need.
 */
package dev.jacobian.io.jinja;
