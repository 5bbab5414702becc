// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;

/** A layer of a decoder. */
interface DecoderLayer {
    /** h [N, D] to [N, D]. */
    Var apply(Var h, ForwardPass pass);
}
