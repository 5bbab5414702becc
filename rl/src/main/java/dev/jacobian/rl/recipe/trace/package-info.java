// SPDX-License-Identifier: Apache-2.0

/**
 * Long chains of thought by program: {@link dev.jacobian.rl.recipe.trace.CountdownTraces} writes searches that plan, evaluate, reflect and
 * explore, as much of each as a {@link dev.jacobian.rl.recipe.trace.TraceStyle} asks for.
 */
package dev.jacobian.rl.recipe.trace;
