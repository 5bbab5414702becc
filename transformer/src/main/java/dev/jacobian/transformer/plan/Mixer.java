// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import dev.jacobian.tensor.CacheSpec;

/** The branch of a layer through which a position learns of those before it. */
public sealed interface Mixer permits Attention, Recurrence {
    /** What a cache keeps of a sequence. */
    CacheSpec cached();
}
