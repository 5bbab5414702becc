// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.ExpertOrder;

/** Is shown where the routers of a pass send each row, unless a device replays them. */
@FunctionalInterface
interface RoutingListener {
    /** Does nothing. */
    RoutingListener NONE = (layer, order) -> {};

    /**
     * A router has chosen.
     *
     * @param layer from 0
     * @param order of the pass's rows; a pair's expert is the one among whose rows the pair's row is
     */
    void routed(int layer, ExpertOrder order);
}
