// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;

/** The branch of a layer through which a position learns of those before it. */
interface PositionMixer {
    /** x [N, D] to [N, D]. */
    Var apply(Var x, ForwardPass pass);
}
