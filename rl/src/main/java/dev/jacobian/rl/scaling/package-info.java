// SPDX-License-Identifier: Apache-2.0
/**
 * Test-time compute: what a model gains from tokens that are spent while it answers, not while it learns.
 *
 * <p>Each way to spend them gives a {@link dev.jacobian.rl.scaling.ScalingCurve}: votes and choices among several samples ({@link
 * dev.jacobian.rl.scaling.SampleCurves}), longer or shorter thoughts ({@link dev.jacobian.rl.scaling.BudgetForcing}), and a search over steps that a process
 * reward model leads ({@link dev.jacobian.rl.scaling.StepBeamSearch}).
 */
package dev.jacobian.rl.scaling;
