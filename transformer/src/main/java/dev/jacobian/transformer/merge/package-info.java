// SPDX-License-Identifier: Apache-2.0
/**
 * Several models of one architecture become one, by arithmetic on their weights: averages, spherical interpolation, and sums of what
 * fine-tuning has changed, with mergekit's names, parameters, defaults and configuration.
 *
 * <p>{@link dev.jacobian.transformer.merge.MergeConfig} says what is to be done, a {@link dev.jacobian.transformer.merge.MergeMethod} does it to
 * one tensor, {@link dev.jacobian.transformer.merge.ModelMerge} to all, tensor by tensor.
 */
package dev.jacobian.transformer.merge;
