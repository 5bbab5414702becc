// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import dev.jacobian.rl.rollout.Carrier;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.RequestListener;
import java.util.BitSet;
import java.util.List;
import java.util.Map;

/** Workers to which something happens in the middle of some waves, when the first sample has come; counts what comes. */
final class FaultyCarrier implements Carrier {
    private final Workers workers;
    private final Map<Integer, Runnable> faults;
    private int waves;
    private int lost;
    private int twice;

    /** @param faults by the number of the wave, from 1 */
    FaultyCarrier(Workers workers, Map<Integer, Runnable> faults) {
        this.workers = workers;
        this.faults = faults;
    }

    @Override
    public void publish(CausalLM policy, long version) {
        workers.publish(policy, version);
    }

    @Override
    public void carry(List<GenerationRequest> requests, long version) {
        Runnable fault = faults.getOrDefault(++waves, () -> {});
        boolean[] happened = new boolean[1];
        List<BitSet> seen = requests.stream().map(request -> new BitSet()).toList();
        List<GenerationRequest> watched = new java.util.ArrayList<>();
        for (int r = 0; r < requests.size(); r++) {
            GenerationRequest request = requests.get(r);
            BitSet samples = seen.get(r);
            watched.add(request.withListener(new RequestListener() {
                @Override
                public void onFinish(int sample, Generation generation) {
                    twice += samples.get(sample) ? 1 : 0;
                    samples.set(sample);
                    request.listener().onFinish(sample, generation);
                    if (!happened[0]) {
                        happened[0] = true;
                        fault.run();
                    }
                }
            }));
        }
        workers.carry(watched, version);
        for (int r = 0; r < requests.size(); r++) {
            lost += requests.get(r).samples() - seen.get(r).cardinality();
        }
    }

    int lost() {
        return lost;
    }

    int twice() {
        return twice;
    }
}
