// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.episode.Ending;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Engine;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import dev.jacobian.transformer.generation.Submission;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** The policy's side of episodes: turns are sampled in one engine, which samples leave to be answered and join again. */
final class EpisodeEngine {
    private final CausalLM model;
    private final GenerationConfig generation;
    private final RolloutTask task;
    private final SessionSteps sessions;
    private final EnvironmentCalls calls;
    private @Nullable Engine engine; // while it runs
    private @Nullable Throwable failure;

    EpisodeEngine(
            CausalLM model,
            GenerationConfig generation,
            RolloutTask task,
            SessionSteps sessions,
            EnvironmentCalls calls) {
        this.model = model;
        this.generation = generation;
        this.task = task;
        this.sessions = sessions;
        this.calls = calls;
    }

    /** Plays what has a prompt and is not over. */
    void run(List<List<Play>> groups) {
        List<Play> live = groups.stream()
                .flatMap(List::stream)
                .filter(play -> !play.isOver())
                .toList();
        if (live.isEmpty()) {
            return;
        }
        List<GenerationRequest> all = live.stream()
                .map(play -> request(play, 1, RequestListener.NONE))
                .toList();
        try (Engine made = new Engine(model, new Generator(model).limits(all, PrefixReuse.TURNS))) {
            engine = made;
            groups.forEach(this::begin);
            while (isAny(live)) {
                boolean isBusy = made.step();
                if (failure instanceof RuntimeException broken) {
                    throw broken;
                }
                if (!isBusy && calls.pending() == 0 && isAny(live)) {
                    throw new IllegalStateException("nobody samples and nobody is asked, but episodes are under way;"
                            + " this is a fault of the sampler");
                }
                calls.take(!isBusy);
            }
        }
    }

    private static boolean isAny(List<Play> live) {
        return live.stream().anyMatch(play -> !play.isOver());
    }

    /** The samples of a prompt in one request, so that it is computed once; others one by one. */
    private void begin(List<Play> group) {
        Play first = group.getFirst();
        boolean isShared = group.stream()
                .allMatch(play -> !play.isOver()
                        && play.continued() == 0
                        && Arrays.equals(
                                play.trajectory().tokens(), first.trajectory().tokens()));
        if (isShared) {
            submit(request(first, group.size(), new RequestListener() {
                @Override
                public void onFinish(int sample, Generation turn) {
                    finished(group.get(sample), turn);
                }
            }));
        } else {
            group.stream().filter(play -> !play.isOver()).forEach(this::further);
        }
    }

    /** The next turn of a sample, or the rest of one. */
    private void further(Play play) {
        if (play.chosen() >= task.pauseAfter()) {
            play.end(Ending.PAUSED);
            return;
        }
        submit(request(play, 1, new RequestListener() {
            @Override
            public void onFinish(int sample, Generation turn) {
                finished(play, turn);
            }
        }));
    }

    private GenerationRequest request(Play play, int samples, RequestListener listener) {
        Prefix prefix = new Prefix(play.trajectory().tokens(), play.request().key(), play.sample(), play.continued());
        int pause = task.pauseAfter() == RolloutTask.NEVER ? RolloutTask.NEVER : task.pauseAfter() - play.chosen();
        return new GenerationRequest(prefix, samples, generation, Math.max(1, pause), listener);
    }

    private void submit(GenerationRequest request) {
        Submission submission = Objects.requireNonNull(engine).submit(request);
        var unused = submission.result().whenComplete((turns, broken) -> { // nothing follows on it
            failure = broken == null ? failure : broken;
        });
    }

    private void finished(Play play, Generation turn) {
        FinishReason reason = turn.finishReason();
        play.said(play.trajectory().chosen(turn.tokenIds(), turn.logProbs(), task.weightVersion(), reason));
        switch (reason) {
            case STOP, STOP_STRING -> sessions.respond(play, room(play), this::further);
            case LENGTH -> play.end(Ending.LENGTH);
            case REPETITION -> play.end(Ending.REPETITION);
            case PAUSED -> play.end(Ending.PAUSED);
            case CANCELLED, ABANDONED -> play.fail("was cancelled"); // nobody gives up a turn
        }
    }

    private int room(Play play) {
        return generation.length().newTokens(play.episode().start()) - play.continued();
    }
}
