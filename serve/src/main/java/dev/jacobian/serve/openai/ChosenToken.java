// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.transformer.generation.TokenLogProb;
import java.util.List;

/**
 * A token that was chosen.
 *
 * @param token its id
 * @param logProb its log-probability at the sampling temperature over the whole vocabulary
 * @param likeliest the likeliest tokens in its place, the likeliest first; as many as were asked for
 */
record ChosenToken(int token, float logProb, List<TokenLogProb> likeliest) {}
