// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backend;
import java.util.function.Function;

/**
 * A kernel at one shape.
 *
 * @param kernel what it computes
 * @param shape its extents, for people
 * @param operations floating-point operations of a call: a fused multiply-add counts as two, an exponential as twenty
 * @param bytes what a call must read and write at least, each tensor once
 * @param prepare makes the operands and gives the call; made late, so that one case's memory is free before the next
 */
record KernelCase(String kernel, String shape, double operations, double bytes, Function<Backend, Runnable> prepare) {}
