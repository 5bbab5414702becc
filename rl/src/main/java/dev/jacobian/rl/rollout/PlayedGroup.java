// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.tensor.Nullable;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/** The samples of a request while they are played: whoever listens is told of each that is over, and of the group with the last one. */
final class PlayedGroup {
    private final List<Play> plays;
    private final int number; // of the request in the task
    private final RolloutListener listener;
    private final Function<List<Play>, Group> whole;
    private int left;
    private @Nullable Group group; // once all are over

    /** @param whole makes a group of plays that are all over, and gives those that failed without a prompt one */
    PlayedGroup(List<Play> plays, int number, RolloutListener listener, Function<List<Play>, Group> whole) {
        this.plays = plays;
        this.number = number;
        this.listener = listener;
        this.whole = whole;
        for (Play play : plays) {
            if (!play.isOver()) {
                left++;
                play.whenOver(this::over);
            }
        }
        if (left == 0) {
            complete();
        }
    }

    private void over(Play play) {
        left--;
        if (play.hasBegun()) { // otherwise it gets a prompt when the group is complete
            listener.onSample(number, play.sample(), play.trajectory());
        }
        if (left == 0) {
            complete();
        }
    }

    private void complete() {
        List<Play> late = plays.stream().filter(play -> !play.hasBegun()).toList();
        group = whole.apply(plays);
        late.forEach(play -> listener.onSample(number, play.sample(), play.trajectory()));
        listener.onGroup(number, group);
    }

    /** What has become of it. */
    Group group() {
        return Objects.requireNonNull(group, "a sample has not ended");
    }
}
