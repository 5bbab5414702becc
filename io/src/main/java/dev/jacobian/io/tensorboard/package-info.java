// SPDX-License-Identifier: Apache-2.0
/**
 * TensorBoard's event files: {@link dev.jacobian.io.tensorboard.EventFile} writes them. Records are framed as TFRecord has it, with
 * checksums; in them are the few fields of the format's messages that a number at a step needs.
 *
 * <p>Decision: written here, because it is a file format of a page. What Maven Central has brings TensorFlow or protobuf's runtime for it.
 */
package dev.jacobian.io.tensorboard;
