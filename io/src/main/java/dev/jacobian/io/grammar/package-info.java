// SPDX-License-Identifier: Apache-2.0
/**
 * What a text may look like, and which token may come next: choices, regular expressions and JSON schemas as automata over bytes,
 * and the tokens of a vocabulary that they allow.
 */
package dev.jacobian.io.grammar;
