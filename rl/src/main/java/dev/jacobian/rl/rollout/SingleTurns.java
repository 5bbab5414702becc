// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.task.PromptTokens;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import java.util.ArrayList;
import java.util.List;

/** Samples of one turn: the policy answers a prompt, and nobody answers the policy. */
final class SingleTurns implements LocalRollouts.Sampling {
    private final PromptTokens encoder;
    private final Carrier carrier;

    /**
     * Samples of a model.
     *
     * @param model whose tokenizer makes the prompts
     * @param carrier has them generated
     */
    SingleTurns(CausalLM model, Carrier carrier) {
        this.encoder = new PromptTokens(model);
        this.carrier = carrier;
    }

    /** One call for everything that is wanted, so that a place that one sample leaves is the next one's, whatever its group. */
    @Override
    public List<Group> sample(RolloutTask task, RolloutListener listener) {
        List<OpenGroup> groups = new ArrayList<>();
        List<GenerationRequest> wanted = new ArrayList<>();
        for (RolloutTask.Request request : task.requests()) {
            int number = groups.size();
            if (request.begun().isPresent()) {
                Group begun = request.begun().get();
                OpenGroup open = OpenGroup.continuing(request, begun, number, listener);
                groups.add(open);
                wanted.addAll(further(begun, open, task));
            } else {
                int[] prompt = encoder.of(request.problem());
                OpenGroup open = OpenGroup.of(request, number, prompt, listener);
                groups.add(open);
                wanted.add(request(new Prefix(prompt, request.key()), request.samples(), 0, open, task));
            }
        }
        carrier.carry(wanted, task.weightVersion());
        return groups.stream().map(OpenGroup::group).toList();
    }

    /** What the paused samples of a group are to go on from. */
    private static List<GenerationRequest> further(Group group, OpenGroup open, RolloutTask task) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int s = 0; s < group.size(); s++) {
            Trajectory sample = group.samples().get(s);
            if (sample.finish() == FinishReason.PAUSED) {
                int continued = sample.length() - group.promptLength();
                requests.add(request(new Prefix(sample.tokens(), group.key(), s, continued), 1, s, open, task));
            }
        }
        return requests;
    }

    /** @param first number of its first sample in the group */
    private static GenerationRequest request(Prefix prefix, int samples, int first, OpenGroup open, RolloutTask task) {
        return new GenerationRequest(prefix, samples, task.generation(), task.pauseAfter(), new RequestListener() {
            @Override
            public void onFinish(int sample, Generation generation) {
                open.ended(first + sample, continued(open.sample(first + sample), generation, task));
            }
        });
    }

    private static Trajectory continued(Trajectory prefix, Generation generation, RolloutTask task) {
        return prefix.chosen(
                generation.tokenIds(), generation.logProbs(), task.weightVersion(), generation.finishReason());
    }
}
