// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import java.util.List;

/**
 * Brings the generation of samples to whoever does it, in this process or elsewhere.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>What is carried are token ids: a prefix, what its random numbers are drawn from, and how tokens are chosen. So a carrier knows no
 *       problems, rewards or environments, and who computes needs none of them.
 *   <li>What comes back is a function of the request and the weights alone, so a carrier may divide requests, send a part of one to two, or
 *       send it again: any of the answers is the answer.
 * </ul>
 */
public interface Carrier {
    /**
     * The weights that are sampled with from now on; they stay as they are until this is called again or training goes on.
     *
     * @param version optimizer steps that they have seen
     */
    void publish(CausalLM policy, long version);

    /**
     * Has everything generated, and waits for it.
     *
     * @param requests whose listeners are told of each sample's end, once for each, on the calling thread; of single tokens they need not be
     *     told
     * @param version of the weights: that which was published last
     */
    void carry(List<GenerationRequest> requests, long version);

    /** This process: one engine for all requests of a call, so that a place that one sample leaves is the next one's. */
    static Carrier local(CausalLM model) {
        return new Carrier() {
            @Override
            public void publish(CausalLM policy, long version) {
                // the model that is updated is the one that samples
            }

            @Override
            public void carry(List<GenerationRequest> requests, long version) {
                new Generator(model).generate(requests);
            }
        };
    }
}
