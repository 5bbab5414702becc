// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The channels that a worker has opened, with the number of the last request on each: a request that was sent before has a number that is not
 * greater, and is refused. There is no clock in it, and memory is bounded: the channel that was not used longest makes room.
 */
final class Channels {
    private static final int MOST = 256;

    private final Map<String, Long> last = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > MOST;
        }
    };

    synchronized String open() {
        String channel = Seal.random();
        last.put(channel, 0L);
        return channel;
    }

    /** Whether a request may be: its channel is known, and it is new there. */
    synchronized boolean admits(Seal.Place place) {
        Long before = last.get(place.channel());
        if (before == null || place.number() <= before) {
            return false;
        }
        last.put(place.channel(), place.number());
        return true;
    }
}
