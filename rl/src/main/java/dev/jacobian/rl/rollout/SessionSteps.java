// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.episode.Ending;
import dev.jacobian.rl.episode.Turn;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The environment's side of episodes: sessions begin, answer turns, and decide with the limits whether a sample goes on.
 *
 * <p>What goes wrong in an environment is the sample's failure and nobody else's.
 */
final class SessionSteps {
    private static final int[] NOTHING = {};

    private final Environment environment;
    private final TurnTokens tokens;
    private final CompletionText texts;
    private final Set<Integer> endTokens;
    private final EnvironmentCalls calls;

    SessionSteps(
            Environment environment,
            TurnTokens tokens,
            CompletionText texts,
            Set<Integer> endTokens,
            EnvironmentCalls calls) {
        this.environment = environment;
        this.tokens = tokens;
        this.texts = texts;
        this.endTokens = endTokens;
        this.calls = calls;
    }

    /** A session, and what it says first. */
    private record Opened(Session session, Optional<String> opening) {}

    /** Begins a sample's session: its prompt is known then, or what was said before is told. */
    void begin(Play play) {
        RolloutTask.Request request = play.request();
        Start start = tokens.start(request.problem(), request.key(), play.sample());
        calls.ask(
                () -> {
                    Session session = environment.reset(start);
                    try {
                        return new Opened(session, session.opening());
                    } catch (Exception | Error broken) {
                        close(session);
                        throw broken;
                    }
                },
                answer -> answer.value()
                        .ifPresentOrElse(opened -> begun(play, opened), () -> fail(play, answer.failure())),
                SessionSteps::closeLate);
    }

    /** Of a session that came after its deadline. */
    private static void closeLate(Opened opened) {
        close(opened.session());
    }

    private static void close(Session session) {
        try {
            session.close();
        } catch (Exception nobodyWaits) {
            // the sample has failed already
        }
    }

    private void begun(Play play, Opened opened) {
        play.session(opened.session());
        if (!play.hasBegun()) {
            int[] prompt = tokens.prompt(play.request().problem(), opened.opening());
            if (prompt.length == 0) {
                fail(play, "says nothing first, and the prompt is empty, so there is no token to begin with");
                return;
            }
            play.begin(prompt);
        } else if (environment.isRepeatable()) {
            retell(play, 0);
        } else {
            fail(play, "cannot go on with an episode that was paused: it cannot be told again what was said");
        }
    }

    /** Tells a new session of a paused sample what was said in the turns from this one on. */
    private void retell(Play play, int number) {
        if (number == play.episode().turns().size()) {
            return;
        }
        Turn turn = play.episode().turns().get(number);
        int[] all = play.trajectory().tokens();
        Said said = said(number + 1, Arrays.copyOfRange(all, turn.start(), turn.end()));
        int[] recorded = Arrays.copyOfRange(all, turn.end(), turn.next());
        ask(play, said, reply -> {
            if (reply.isDone() || !Arrays.equals(observed(play, reply, all[turn.end() - 1]), recorded)) {
                fail(
                        play,
                        "answered turn " + (number + 1) + " otherwise when it was told the same again; what it answers"
                                + " must depend on its start and on what was said alone");
            } else {
                retell(play, number + 1);
            }
        });
    }

    /**
     * Asks for the answer to a sample's open turn.
     *
     * @param room tokens that may follow the turn
     * @param further takes the sample if it goes on
     */
    void respond(Play play, int room, Consumer<Play> further) {
        int[] turn = play.trajectory().from(play.episode().open());
        Said said = said(play.episode().turns().size() + 1, turn);
        ask(play, said, reply -> answered(play, reply, room, further));
    }

    private Said said(int number, int[] turn) {
        boolean isEnded = turn.length > 0 && endTokens.contains(turn[turn.length - 1]);
        return new Said(number, texts.of(turn), isEnded);
    }

    private void ask(Play play, Said said, Consumer<Reply> then) {
        Session session = play.session().orElseThrow();
        calls.ask(
                () -> session.respond(said),
                answer -> answer.value().ifPresentOrElse(then, () -> fail(play, answer.failure())),
                late -> {});
    }

    private void answered(Play play, Reply reply, int room, Consumer<Play> further) {
        int end = play.trajectory().length();
        boolean isLast = reply.isDone()
                || play.episode().turns().size() + 1 >= environment.limits().maxTurns();
        int[] observation = NOTHING;
        if (!isLast) {
            try {
                observation = observed(play, reply, play.trajectory().tokens()[end - 1]);
            } catch (FormatException refused) {
                fail(play, "answered what is no message: " + refused.what());
                return;
            }
        }
        boolean fits = observation.length < room;
        int[] told = fits ? observation : NOTHING;
        play.answered(
                new Turn(
                        play.episode().open(),
                        end,
                        end + told.length,
                        reply.reward(),
                        reply.calls(),
                        reply.failedCalls()),
                told);
        if (reply.isDone()) {
            play.end(Ending.DONE);
        } else if (isLast) {
            play.end(Ending.TURNS);
        } else if (!fits) {
            play.end(Ending.LENGTH);
        } else {
            further.accept(play);
        }
    }

    private int[] observed(Play play, Reply reply, int lastToken) {
        return reply.observation()
                .map(observation -> tokens.observation(play.request().problem(), lastToken, observation))
                .orElse(NOTHING);
    }

    private void fail(Play play, String what) {
        play.fail(play.where(environment.name()) + " " + what);
    }
}
