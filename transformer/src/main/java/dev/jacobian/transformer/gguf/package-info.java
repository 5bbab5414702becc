// SPDX-License-Identifier: Apache-2.0
/**
 * Models in llama.cpp's form: {@link dev.jacobian.transformer.gguf.GgufModel} reads a file as what a checkpoint folder would hold,
 * {@link dev.jacobian.transformer.gguf.GgufExport} writes a folder as a file.
 */
package dev.jacobian.transformer.gguf;
