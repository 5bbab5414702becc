// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.episode.Ending;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.episode.Turn;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/** One sample while it is played: its tokens, what has happened, and the session that answers it. */
final class Play {
    private final RolloutTask.Request request;
    private final int sample;
    private @Nullable Session session;
    private @Nullable Trajectory trajectory; // from the moment when the prompt is known
    private Episode episode = Episode.from(0);
    private int chosenBefore; // tokens that an earlier task chose
    private boolean isOver;
    private Consumer<Play> whenOver = play -> {};

    Play(RolloutTask.Request request, int sample) {
        this.request = request;
        this.sample = sample;
    }

    RolloutTask.Request request() {
        return request;
    }

    int sample() {
        return sample;
    }

    /** Where it is, for messages. */
    String where(String environment) {
        return "environment '" + environment + "' on problem '"
                + request.problem().id() + "', sample " + sample + ", turn "
                + (episode.turns().size() + 1);
    }

    /** Is called when it is over. */
    void whenOver(Consumer<Play> listener) {
        whenOver = listener;
    }

    Optional<Session> session() {
        return Optional.ofNullable(session);
    }

    void session(Session begun) {
        session = begun;
    }

    /** Begins behind a prompt. */
    void begin(int[] prompt) {
        trajectory = Trajectory.ofPrompt(prompt);
        episode = Episode.from(prompt.length);
    }

    /** Goes on from where an earlier task has left it. */
    void resume(Trajectory paused) {
        trajectory = paused;
        episode = paused.episode()
                .orElseThrow(() -> new IllegalArgumentException("sample " + sample + " of problem '"
                        + request.problem().id() + "' was paused without an environment, so it cannot go on in one"));
        chosenBefore = paused.choices();
        isOver = paused.finish() != FinishReason.PAUSED; // it is as it was
    }

    boolean hasBegun() {
        return trajectory != null;
    }

    Trajectory trajectory() {
        return Objects.requireNonNull(trajectory, "the prompt is not known");
    }

    Episode episode() {
        return episode;
    }

    /** Tokens behind the sample's own prompt. */
    int continued() {
        return trajectory().length() - episode.start();
    }

    /** Tokens that this task has chosen. */
    int chosen() {
        return trajectory().choices() - chosenBefore;
    }

    /** The policy went on. */
    void said(Trajectory longer) {
        trajectory = longer;
    }

    /** The environment has answered the open turn. */
    void answered(Turn turn, int[] observation) {
        episode = episode.with(turn);
        if (observation.length > 0) {
            trajectory = trajectory().given(observation);
        }
    }

    boolean isOver() {
        return isOver;
    }

    void end(Ending reason) {
        FinishReason finish = switch (reason) {
            case DONE -> FinishReason.STOP;
            case LENGTH, TURNS -> FinishReason.LENGTH;
            case REPETITION -> FinishReason.REPETITION;
            case PAUSED -> FinishReason.PAUSED;
            case FAILED -> FinishReason.CANCELLED;
        };
        over(episode.ended(reason), finish);
    }

    void fail(String message) {
        over(episode.failed(message), FinishReason.CANCELLED);
    }

    private void over(Episode ended, FinishReason finish) {
        boolean isFirst = !isOver;
        episode = ended;
        isOver = true;
        if (trajectory != null) {
            trajectory = trajectory.with(ended, finish);
        }
        if (isFirst) {
            whenOver.accept(this);
        }
    }

    /** Gives one that failed before it had a prompt one, with nothing behind it. */
    void promptOfFailed(int[] prompt) {
        trajectory = Trajectory.ofPrompt(prompt)
                .with(Episode.from(prompt.length).failed(episode.failure().orElseThrow()), FinishReason.CANCELLED);
    }
}
