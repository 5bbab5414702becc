// SPDX-License-Identifier: Apache-2.0
/**
 * Text to token ids and back, as Hugging Face's {@code tokenizer.json} describes it.
 *
 * <p>The pipeline is that of the format: added tokens are cut out of the raw text, the rest is normalised
 * ({@link dev.jacobian.io.tokenizer.Normalizer}), split into pieces ({@link dev.jacobian.io.tokenizer.PreTokenizer}),
 * each piece is encoded by byte-pair merges, special tokens are put around the whole, and a decoder
 * ({@link dev.jacobian.io.tokenizer.TokenDecoder}) undoes it. {@link dev.jacobian.io.tokenizer.Tokenizer} is the only
 * class that most code needs.
 */
package dev.jacobian.io.tokenizer;
