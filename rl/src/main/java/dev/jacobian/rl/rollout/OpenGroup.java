// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/** A group while it is sampled: whoever listens is told of each sample that ends, and of the group with the last one. */
final class OpenGroup {
    private final RolloutTask.Request request;
    private final int number; // of the request in the task
    private final int promptLength;
    private final List<Trajectory> samples; // as far as they have come
    private final RolloutListener listener;
    private int left;

    private OpenGroup(
            RolloutTask.Request request,
            int number,
            int promptLength,
            List<Trajectory> begun,
            int left,
            RolloutListener listener) {
        this.request = request;
        this.number = number;
        this.promptLength = promptLength;
        this.samples = new ArrayList<>(begun);
        this.left = left;
        this.listener = listener;
    }

    /** A group whose samples all begin with a prompt. */
    static OpenGroup of(RolloutTask.Request request, int number, int[] prompt, RolloutListener listener) {
        List<Trajectory> begun = Collections.nCopies(request.samples(), Trajectory.ofPrompt(prompt));
        return new OpenGroup(request, number, prompt.length, begun, request.samples(), listener);
    }

    /** A group whose paused samples go on. */
    static OpenGroup continuing(RolloutTask.Request request, Group group, int number, RolloutListener listener) {
        OpenGroup open = new OpenGroup(request, number, group.promptLength(), group.samples(), 0, listener);
        for (Trajectory sample : group.samples()) {
            open.left += sample.finish() == FinishReason.PAUSED ? 1 : 0;
        }
        if (open.left == 0) {
            listener.onGroup(number, open.group());
        }
        return open;
    }

    /** As far as a sample has come. */
    Trajectory sample(int index) {
        return Objects.requireNonNull(samples.get(index));
    }

    /** A sample has gone on, to its end or to a pause. */
    void ended(int index, Trajectory longer) {
        samples.set(index, longer);
        left--;
        listener.onSample(number, index, longer);
        if (left == 0) {
            listener.onGroup(number, group());
        }
    }

    /** What has become of it. */
    Group group() {
        return new Group(request.problem(), request.key(), promptLength, samples);
    }
}
