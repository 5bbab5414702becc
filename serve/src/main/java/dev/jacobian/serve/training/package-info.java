// SPDX-License-Identifier: Apache-2.0
/**
 * A training service over HTTP in the shape of Tinker's: a client on any machine, in any language, writes the training loop, and
 * the weights, the gradients and the sampling are here.
 *
 * <p>The map: {@link dev.jacobian.serve.training.TrainingService} has the verbs and what they act on (sessions, {@link
 * dev.jacobian.serve.training.TrainedModel}s, {@link dev.jacobian.serve.training.Sampler}s, {@link
 * dev.jacobian.serve.training.CheckpointStore}); {@code TrainingEndpoint} and {@code RunsEndpoint} are their routes; {@code JsonForm} and {@code
 * ProtoForm} are how data come and results go. What takes long is a promise ({@code Promises}) that a client asks for again.
 */
package dev.jacobian.serve.training;
