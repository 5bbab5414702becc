// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

/**
 * What work takes.
 *
 * @param decode a worker's step of decoding
 * @param prefillPerToken seconds of a worker for a token of a prompt
 * @param trainPerToken seconds of the trainer for a token of a prompt or completion, all of a step included
 * @param reward seconds for a sample
 */
public record LoopTimes(DecodeTimes decode, double prefillPerToken, double trainPerToken, Amount reward) {
    public LoopTimes {
        LoopModel.require(
                prefillPerToken >= 0 && Double.isFinite(prefillPerToken),
                "prefill must take 0 or more seconds a token, found " + prefillPerToken);
        LoopModel.require(
                trainPerToken >= 0 && Double.isFinite(trainPerToken),
                "training must take 0 or more seconds a token, found " + trainPerToken);
    }
}
