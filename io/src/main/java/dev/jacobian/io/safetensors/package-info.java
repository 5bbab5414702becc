// SPDX-License-Identifier: Apache-2.0
/**
 * Reads and writes <a href="https://github.com/huggingface/safetensors">safetensors</a>, the format of Hugging Face
 * checkpoints: eight bytes with the length of a JSON header, the header, and the tensors' bytes without gaps.
 *
 * <p>{@link dev.jacobian.io.safetensors.CheckpointTensors} opens a checkpoint folder, in one file or in shards;
 * {@link dev.jacobian.io.safetensors.SafetensorsFile} one file; {@link dev.jacobian.io.safetensors.SafetensorsWriter}
 * writes one.
 */
package dev.jacobian.io.safetensors;
