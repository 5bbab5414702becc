// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.task.PromptTokens;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Samples of one turn: the policy answers a prompt, and nobody answers the policy. */
final class SingleTurns implements LocalRollouts.Sampling {
    private final CausalLM model;
    private final PromptTokens encoder;

    SingleTurns(CausalLM model) {
        this.model = model;
        this.encoder = new PromptTokens(model);
    }

    /** One call for everything that is wanted, so that a place that one sample leaves is the next one's, whatever its group. */
    @Override
    public List<Group> sample(RolloutTask task) {
        List<GenerationRequest> wanted = new ArrayList<>();
        for (RolloutTask.Request request : task.requests()) {
            if (request.begun().isPresent()) {
                wanted.addAll(further(request.begun().get(), task));
            } else {
                Prefix prompt = new Prefix(encoder.of(request.problem()), request.key());
                wanted.add(request(prompt, request.samples(), task));
            }
        }
        Iterator<List<Generation>> generations =
                new Generator(model).generate(wanted).iterator();
        Iterator<GenerationRequest> requests = wanted.iterator();
        List<Group> groups = new ArrayList<>();
        for (RolloutTask.Request request : task.requests()) {
            if (request.begun().isPresent()) {
                groups.add(proceed(request.begun().get(), requests, generations, task));
            } else {
                Trajectory prompt = Trajectory.ofPrompt(requests.next().prefix().tokens());
                List<Trajectory> all = generations.next().stream()
                        .map(generation -> continued(prompt, generation, task))
                        .toList();
                groups.add(new Group(request.problem(), request.key(), prompt.length(), all));
            }
        }
        return groups;
    }

    private static GenerationRequest request(Prefix prefix, int samples, RolloutTask task) {
        return new GenerationRequest(prefix, samples, task.generation(), task.pauseAfter(), RequestListener.NONE);
    }

    /** What the paused samples of a group are to go on from. */
    private static List<GenerationRequest> further(Group group, RolloutTask task) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int s = 0; s < group.size(); s++) {
            Trajectory sample = group.samples().get(s);
            if (sample.finish() == FinishReason.PAUSED) {
                int continued = sample.length() - group.promptLength();
                requests.add(request(new Prefix(sample.tokens(), group.key(), s, continued), 1, task));
            }
        }
        return requests;
    }

    /** A group whose paused samples went on. */
    private static Group proceed(
            Group group,
            Iterator<GenerationRequest> requests,
            Iterator<List<Generation>> generations,
            RolloutTask task) {
        List<Trajectory> samples = new ArrayList<>();
        for (Trajectory sample : group.samples()) {
            if (sample.finish() == FinishReason.PAUSED) {
                requests.next();
                samples.add(continued(sample, generations.next().getFirst(), task));
            } else {
                samples.add(sample);
            }
        }
        return new Group(group.problem(), group.key(), group.promptLength(), samples);
    }

    private static Trajectory continued(Trajectory prefix, Generation generation, RolloutTask task) {
        return prefix.chosen(
                generation.tokenIds(), generation.logProbs(), task.weightVersion(), generation.finishReason());
    }
}
