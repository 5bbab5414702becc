// SPDX-License-Identifier: Apache-2.0
/** What changes the logits of the next token before one is chosen, with transformers' names, rules and order. */
package dev.jacobian.transformer.generation.processor;
