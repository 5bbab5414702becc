// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.task.PromptTokens;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.Prefix;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** Samples in this process, task after task, when the answer is wanted: all groups of a task advance together. */
final class LocalRollouts implements Rollouts {
    private final CausalLM model;
    private final PromptTokens encoder;
    private final Queue<RolloutTask> tasks = new ArrayDeque<>();

    LocalRollouts(CausalLM model) {
        this.model = model;
        this.encoder = new PromptTokens(model);
    }

    /** Nothing to do: the model that is updated is the one that samples. */
    @Override
    public void publish(CausalLM policy, long version) {
        if (policy != model) {
            throw new IllegalArgumentException(
                    "these rollouts sample from the model that they were made for; make others"
                            + " with Rollouts.local for another one");
        }
    }

    @Override
    public void ask(RolloutTask task) {
        tasks.add(task);
    }

    @Override
    public List<Group> next() {
        RolloutTask task = tasks.poll();
        if (task == null) {
            throw new IllegalStateException("no rollout was asked for");
        }
        RolloutEvent event = new RolloutEvent();
        event.begin();
        List<Group> begun = begin(task);
        List<Group> groups = new ArrayList<>();
        int fresh = 0;
        for (RolloutTask.Request request : task.requests()) {
            groups.add(request.begun().isPresent() ? proceed(request.begun().get(), task) : begun.get(fresh++));
        }
        event.commit(groups);
        return groups;
    }

    /** The requests that begin with a prompt, which is computed once for all its samples. */
    private List<Group> begin(RolloutTask task) {
        List<RolloutTask.Request> requests =
                task.requests().stream().filter(r -> r.begun().isEmpty()).toList();
        List<Group> groups = new ArrayList<>();
        int from = 0;
        while (from < requests.size()) {
            int samples = requests.get(from).samples();
            int to = from;
            List<Prefix> prompts = new ArrayList<>();
            while (to < requests.size() && requests.get(to).samples() == samples) {
                RolloutTask.Request request = requests.get(to++);
                prompts.add(new Prefix(encoder.of(request.problem()), request.key()));
            }
            List<List<Generation>> generations = generate(prompts, samples, task);
            for (int p = 0; p < prompts.size(); p++) {
                Trajectory prompt = Trajectory.ofPrompt(prompts.get(p).tokens());
                List<Trajectory> all = generations.get(p).stream()
                        .map(generation -> continued(prompt, generation, task))
                        .toList();
                RolloutTask.Request request = requests.get(from + p);
                groups.add(new Group(request.problem(), request.key(), prompt.length(), all));
            }
            from = to;
        }
        return groups;
    }

    /** A group whose paused samples go on. */
    private Group proceed(Group group, RolloutTask task) {
        List<Prefix> prefixes = new ArrayList<>();
        for (int s = 0; s < group.size(); s++) {
            Trajectory sample = group.samples().get(s);
            if (sample.finish() == FinishReason.PAUSED) {
                prefixes.add(new Prefix(sample.tokens(), group.key(), s, sample.length() - group.promptLength()));
            }
        }
        List<List<Generation>> generations = generate(prefixes, 1, task);
        List<Trajectory> samples = new ArrayList<>();
        int next = 0;
        for (Trajectory sample : group.samples()) {
            boolean goesOn = sample.finish() == FinishReason.PAUSED;
            samples.add(goesOn ? continued(sample, generations.get(next++).getFirst(), task) : sample);
        }
        return new Group(group.problem(), group.key(), group.promptLength(), samples);
    }

    private List<List<Generation>> generate(List<Prefix> prefixes, int samples, RolloutTask task) {
        return new Generator(model)
                .generate(prefixes, samples, task.generation(), task.pauseAfter(), (prompt, sample, token) -> {});
    }

    private static Trajectory continued(Trajectory prefix, Generation generation, RolloutTask task) {
        return prefix.chosen(
                generation.tokenIds(), generation.logProbs(), task.weightVersion(), generation.finishReason());
    }
}
