// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

/**
 * How new weights come to the workers, before each wave.
 *
 * <p>With a fan-out of 0 the master sends them to all workers at once through its one link, so all have them when the last has, as
 * {@link dev.jacobian.cluster.Workers} does it. With a fan-out the master sends to so many, each of these to so many others when it has all
 * of them: a tree, which no carrier here builds yet.
 *
 * @param bytes of a full copy
 * @param share of these that a version takes: differences
 * @param bytesPerSecond of a machine's link
 * @param latency seconds before the first byte, of each hop
 * @param fanOut receivers of each sender; 0 for all workers from the master
 */
public record Publishing(double bytes, double share, double bytesPerSecond, double latency, int fanOut) {
    public Publishing {
        LoopModel.require(bytes >= 0 && Double.isFinite(bytes), "weights must be 0 or more bytes, found " + bytes);
        LoopModel.require(
                share >= 0 && share <= 2, "the part of the weights that is sent must lie in 0 to 2, found " + share);
        LoopModel.require(bytesPerSecond > 0, "a link must carry more than 0 bytes a second, found " + bytesPerSecond);
        LoopModel.require(
                latency >= 0 && Double.isFinite(latency), "a latency must be 0 or more seconds, found " + latency);
        LoopModel.require(fanOut >= 0, "a fan-out must be 0 (all from the master) or more, found " + fanOut);
    }

    /** Seconds until each of so many workers has the weights of a version. */
    double[] arrivals(int workers) {
        int width = fanOut == 0 ? workers : fanOut;
        double[] arrivals = new double[workers];
        for (int w = 0; w < workers; w++) {
            int sender = w / width - 1; // the master is -1
            long first = (long) (sender + 1) * width;
            long receivers = Math.min(width, workers - first);
            arrivals[w] = (sender < 0 ? 0 : arrivals[sender]) + receivers * share * bytes / bytesPerSecond + latency;
        }
        return arrivals;
    }

    /** Seconds until a worker that comes back has a full copy. */
    double again() {
        return bytes / bytesPerSecond + latency;
    }

    Publishing withShare(double part) {
        return new Publishing(bytes, part, bytesPerSecond, latency, fanOut);
    }

    Publishing withFanOut(int receivers) {
        return new Publishing(bytes, share, bytesPerSecond, latency, receivers);
    }
}
