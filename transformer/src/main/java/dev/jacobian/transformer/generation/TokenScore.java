// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.List;

/**
 * What a model makes of a token that is there already.
 *
 * @param token its id
 * @param logProb its log-probability behind the tokens before it, over the whole vocabulary
 * @param likeliest the likeliest tokens in its place, the likeliest first; as many as were asked for
 */
public record TokenScore(int token, float logProb, List<TokenLogProb> likeliest) {}
