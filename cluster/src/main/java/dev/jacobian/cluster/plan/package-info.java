// SPDX-License-Identifier: Apache-2.0

/**
 * What a run would do with more workers, computed from measured times: {@link dev.jacobian.cluster.plan.LoopModel} has the times and
 * settings, {@link dev.jacobian.cluster.plan.LoopSimulation} runs the loop by events, {@link dev.jacobian.cluster.plan.Sweep} over numbers of
 * workers, {@link dev.jacobian.cluster.plan.Advice} over settings. Nothing here looks at a clock or a model.
 */
package dev.jacobian.cluster.plan;
