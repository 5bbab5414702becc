// SPDX-License-Identifier: Apache-2.0
/**
 * Reads and writes <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a>, the format of llama.cpp: keys
 * with values, the tokenizer among them, and tensors, mostly quantized. Knows no model.
 *
 * <p>{@link dev.jacobian.io.gguf.GgufCheckpoint} opens a model in one file or in parts; {@link dev.jacobian.io.gguf.GgufWriter}
 * writes one; {@link dev.jacobian.io.gguf.GgufTokenizer} turns the keys of a tokenizer into a tokenizer.json and back.
 */
package dev.jacobian.io.gguf;
