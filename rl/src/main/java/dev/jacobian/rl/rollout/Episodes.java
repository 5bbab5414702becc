// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.environment.Environment;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.StopConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Samples of several turns: what the policy says is answered by an environment, until one of them ends it or a limit does.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>All samples of all groups advance together in one engine. One whose turn has ended leaves it, is answered on another
 *       thread and joins again, while the others go on. What is sampled does not depend on who joins when, so the result does not depend on
 *       how fast environments are.
 *   <li>The engine keeps what it has computed, so that a turn computes only what is new, from a page of the cache on.
 *   <li>{@code max_completion_length} limits what stands behind the prompt, answers included. An answer that leaves no room for a
 *       further token is not told.
 *   <li>A sample that was paused goes on by telling a new session what was said; it must answer the same.
 * </ul>
 */
final class Episodes implements LocalRollouts.Sampling {
    private final CausalLM model;
    private final Environment environment;
    private final TurnTokens tokens;
    private final CompletionText texts;

    Episodes(CausalLM model, Environment environment) {
        this.model = model;
        this.environment = environment;
        this.tokens = new TurnTokens(model, environment);
        this.texts = new CompletionText(model);
    }

    @Override
    public List<Group> sample(RolloutTask task, RolloutListener listener) {
        List<List<Play>> groups = task.requests().stream().map(Episodes::plays).toList();
        List<PlayedGroup> played = new ArrayList<>();
        for (List<Play> group : groups) {
            played.add(new PlayedGroup(group, played.size(), listener, this::ended));
        }
        for (List<List<Play>> wave : waves(groups)) {
            play(wave, task);
        }
        return played.stream().map(PlayedGroup::group).toList();
    }

    /** A group of which all plays are over. */
    private Group ended(List<Play> plays) {
        promptFailed(plays);
        return group(plays);
    }

    /** The samples that are to be played, divided where there are more than there can be sessions. */
    private List<List<List<Play>>> waves(List<List<Play>> groups) {
        int most = environment.mostSessions();
        List<List<List<Play>>> waves = new ArrayList<>();
        int free = 0;
        for (List<Play> group : groups) {
            List<Play> left = group.stream().filter(play -> !play.isOver()).toList();
            while (!left.isEmpty()) {
                if (free == 0) {
                    waves.add(new ArrayList<>());
                    free = most;
                }
                int now = Math.min(free, left.size());
                waves.getLast().add(left.subList(0, now));
                left = left.subList(now, left.size());
                free -= now;
            }
        }
        return waves;
    }

    private void play(List<List<Play>> wave, RolloutTask task) {
        List<Play> all = wave.stream().flatMap(List::stream).toList();
        try (EnvironmentCalls calls =
                new EnvironmentCalls(environment.limits().stepTimeout(), environment.callsAtOnce())) {
            SessionSteps sessions = new SessionSteps(environment, tokens, texts, model.eosTokenIds(), calls);
            try {
                all.forEach(sessions::begin);
                while (calls.pending() > 0) {
                    calls.take(true);
                }
                EpisodeEngine engine = new EpisodeEngine(model, turns(task), task, sessions, calls);
                Workspace.currentOrNew().run(() -> engine.run(wave));
            } finally {
                calls.stop();
                all.forEach(play -> play.session().ifPresent(calls::close));
            }
        }
    }

    private static List<Play> plays(RolloutTask.Request request) {
        List<Play> plays = new ArrayList<>();
        for (int s = 0; s < request.samples(); s++) {
            Play play = new Play(request, s);
            if (request.begun().isPresent()) {
                play.resume(request.begun().get().samples().get(s));
            }
            plays.add(play);
        }
        return plays;
    }

    /** How a turn is sampled: the environment's texts end it too, where a problem is no conversation. */
    private GenerationConfig turns(RolloutTask task) {
        GenerationConfig usual = task.generation();
        boolean isConversation = task.requests().stream()
                .anyMatch(request -> request.problem().chat().isPresent());
        if (isConversation || environment.stops().isEmpty()) {
            return usual;
        }
        StopConfig stop = usual.stop();
        List<String> strings = Stream.concat(stop.stopStrings().stream(), environment.stops().stream())
                .distinct()
                .toList();
        return new GenerationConfig(
                usual.length(),
                usual.sampling(),
                usual.penalties(),
                usual.tokens(),
                usual.search(),
                new StopConfig(stop.eosTokenIds(), stop.ignoreEos(), strings, stop.repetition()),
                usual.topLogProbs(),
                usual.processors(),
                usual.seed());
    }

    /** Samples that failed before they had a prompt get that of the others, or the problem's own, with nothing behind it. */
    private void promptFailed(List<Play> group) {
        Optional<int[]> known = group.stream()
                .filter(Play::hasBegun)
                .findFirst()
                .map(play ->
                        Arrays.copyOf(play.trajectory().tokens(), play.episode().start()));
        group.stream()
                .filter(play -> !play.hasBegun())
                .forEach(play -> play.promptOfFailed(known.orElseGet(() -> ownPrompt(play))));
    }

    /** Never empty: where the environment was to say everything and could not, an end token stands there, and nothing is learned from it. */
    private int[] ownPrompt(Play play) {
        int[] own = tokens.prompt(play.request().problem(), Optional.empty());
        return own.length > 0
                ? own
                : new int[] {model.eosTokenIds().stream().min(Integer::compare).orElse(0)};
    }

    private static Group group(List<Play> plays) {
        RolloutTask.Request request = plays.getFirst().request();
        List<Trajectory> samples = plays.stream().map(Play::trajectory).toList();
        int prompt = request.begun().map(Group::promptLength).orElseGet(() -> shared(samples));
        if (prompt == 0) {
            throw new IllegalArgumentException(
                    "the samples of problem '" + request.problem().id()
                            + "' do not begin with the same token, because the environment begins each otherwise; give"
                            + " the problem a prompt, or an environment that goes by its seed");
        }
        return new Group(request.problem(), request.key(), prompt, samples);
    }

    /** Tokens that all begin with before anybody chose one. Sessions that begin otherwise share less than a prompt. */
    private static int shared(List<Trajectory> samples) {
        int shared = Integer.MAX_VALUE;
        int[] first = samples.getFirst().tokens();
        for (Trajectory sample : samples) {
            shared = Math.min(shared, sample.episode().orElseThrow().start());
            int differs = Arrays.mismatch(first, sample.tokens());
            shared = differs < 0 ? shared : Math.min(shared, differs);
        }
        return shared;
    }
}
