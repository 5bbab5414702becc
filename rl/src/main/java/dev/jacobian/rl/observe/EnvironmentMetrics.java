// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.episode.Ending;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.episode.Turn;
import java.util.List;

/**
 * How episodes with an environment went: turns, how they ended, calls of tools (under TRL's names) and failures of the environment. Silent where
 * there is none.
 */
public final class EnvironmentMetrics implements StepObserver {
    @Override
    public void observe(TrainingStep step, Measurements measured) {
        List<Episode> episodes = step.sampled().stream()
                .flatMap(group -> group.group().samples().stream())
                .flatMap(sample -> sample.episode().stream())
                .toList();
        if (episodes.isEmpty()) {
            return;
        }
        double samples = episodes.size();
        List<Turn> turns =
                episodes.stream().flatMap(episode -> episode.turns().stream()).toList();
        measured.put("environment/turns/mean", turns.size() / samples);
        measured.put(
                "environment/turns/max",
                episodes.stream()
                        .mapToInt(episode -> episode.turns().size())
                        .max()
                        .orElse(0));
        for (Ending ending : List.of(Ending.DONE, Ending.LENGTH, Ending.TURNS, Ending.FAILED)) {
            long ended = episodes.stream()
                    .filter(episode -> episode.ending() == ending)
                    .count();
            measured.put("environment/ended/" + ending.label(), ended / samples);
        }
        int calls = turns.stream().mapToInt(Turn::calls).sum();
        int failed = turns.stream().mapToInt(Turn::failedCalls).sum();
        measured.put("tools/call_frequency", calls / samples);
        measured.put("tools/failure_frequency", calls == 0 ? 0 : failed / (double) calls);
    }
}
