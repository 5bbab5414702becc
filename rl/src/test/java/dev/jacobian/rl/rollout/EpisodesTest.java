// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.EnvironmentReward;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.episode.Ending;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.episode.Turn;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.reward.RewardException;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.EnvironmentTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Samples of several turns: whose tokens are whose, and that neither time nor company changes a bit. */
class EpisodesTest {
    private static final GenerationConfig SAMPLING = GenerationConfig.sampling(24, 1f, 5);

    /** Answers each turn that does not end the text with {@code +N=}, three times at most. */
    private record Counting(EnvironmentLimits limits, int slowness, AtomicInteger open) implements Environment {
        Counting() {
            this(EnvironmentLimits.DEFAULT, 0, new AtomicInteger());
        }

        @Override
        public String name() {
            return "counting";
        }

        @Override
        public List<String> stops() {
            return List.of("1", "2", "3");
        }

        @Override
        public Session reset(Start start) {
            open.incrementAndGet();
            return new Session() {
                @Override
                public Reply respond(Said said) throws InterruptedException {
                    if (slowness > 0) {
                        Thread.sleep(Math.floorMod(start.sample() * 7 + said.number() * 5, slowness));
                    }
                    return said.isEnded() || said.number() == 4
                            ? Reply.done(said.text().length())
                            : Reply.of("+" + said.number() + "=", said.number() / 8.0);
                }

                @Override
                public void close() {
                    open.decrementAndGet();
                }
            };
        }
    }

    private static List<RolloutTask.Request> requests(int first, int count, int samples) {
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (int i = first; i < first + count; i++) {
            requests.add(new RolloutTask.Request(new Addition().trainProblem(3, i), i, samples));
        }
        return requests;
    }

    private static List<Group> play(CausalLM model, Environment environment, List<RolloutTask.Request> requests) {
        return Rollouts.local(model, EnvironmentTask.rewarding(new Addition(), environment))
                .run(new RolloutTask(requests, SAMPLING, 0));
    }

    private static void assertSame(Group actual, Group expected) {
        assertThat(actual.promptLength()).isEqualTo(expected.promptLength());
        for (int s = 0; s < expected.size(); s++) {
            Trajectory a = actual.samples().get(s);
            Trajectory e = expected.samples().get(s);
            assertThat(a.tokens()).isEqualTo(e.tokens());
            assertThat(a.chosen()).isEqualTo(e.chosen());
            assertThat(a.logProbs()).isEqualTo(e.logProbs());
            assertThat(a.episode()).isEqualTo(e.episode());
            assertThat(a.finish()).isEqualTo(e.finish());
        }
    }

    @Test
    @DisplayName("turns are the policy's, answers between them the environment's, token for token")
    void spans() {
        CausalLM model = TestModels.addition();
        Counting environment = new Counting();
        List<Group> groups = play(model, environment, requests(0, 4, 8));
        int most = 0;
        for (Group group : groups) {
            for (Trajectory sample : group.samples()) {
                Episode episode = sample.episode().orElseThrow();
                assertThat(episode.start()).isEqualTo(group.promptLength());
                boolean[] chosen = new boolean[sample.length()];
                for (Turn turn : episode.turns()) {
                    Arrays.fill(chosen, turn.start(), turn.end(), true);
                    int number = episode.turns().indexOf(turn) + 1;
                    int[] answer = Arrays.copyOfRange(sample.tokens(), turn.end(), turn.next());
                    assertThat(answer)
                            .isEqualTo(
                                    turn.next() == turn.end()
                                            ? new int[0]
                                            : model.tokenizer().encode("+" + number + "=", false));
                }
                Arrays.fill(chosen, episode.open(), sample.length(), true);
                assertThat(sample.chosen()).isEqualTo(chosen);
                assertThat(sample.finish() == FinishReason.STOP).isEqualTo(episode.ending() == Ending.DONE);
                most = Math.max(most, episode.turns().size());
            }
        }
        assertThat(most).isEqualTo(4);
        assertThat(environment.open).hasValue(0);
    }

    @Test
    @DisplayName("when a run fails, every session is closed: those that play, those that are asked, those that come too"
            + " late")
    void closedWhenARunFails() {
        AtomicInteger opened = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        AtomicBoolean asked = new AtomicBoolean();
        Environment breaking = Environment.of("breaking", start -> {
            if (start.sample() == 7) {
                try {
                    Thread.sleep(60_000);
                } catch (InterruptedException end) {
                    // it comes all the same
                }
            }
            opened.incrementAndGet();
            return new Session() {
                @Override
                public Reply respond(Said said) {
                    throw new IllegalStateException("never asked");
                }

                @Override
                public Optional<String> opening() {
                    if (start.sample() == 3) {
                        asked.set(true);
                        while (opened.get() < 7) {
                            Thread.onSpinWait();
                        }
                        throw new VirtualMachineError("of the machine") {};
                    }
                    return Optional.empty();
                }

                @Override
                public void close() {
                    closed.incrementAndGet();
                }
            };
        });
        assertThatThrownBy(() -> play(TestModels.addition(), breaking, requests(0, 1, 8)))
                .isInstanceOf(VirtualMachineError.class)
                .hasMessage("of the machine");
        assertThat(asked).isTrue();
        long end = System.nanoTime() + 20_000_000_000L;
        while (closed.get() < 8 && System.nanoTime() < end) {
            Thread.onSpinWait(); // the one that did not listen is closed by its own thread
        }
        assertThat(opened).hasValue(8);
        assertThat(closed).hasValue(8);
    }

    @Test
    @DisplayName(
            "an environment that cannot begin, and one that says nothing before an empty prompt, are failures in words")
    void nothingToBeginWith() {
        CausalLM model = TestModels.addition();
        Task silent = new PromptTask("silent", List.of(""), new EnvironmentReward());
        for (boolean reachable : new boolean[] {true, false}) {
            Environment mute = Environment.of("mute", start -> {
                if (!reachable) {
                    throw new IOException("nobody is there");
                }
                return said -> Reply.done(1);
            });
            Task task = EnvironmentTask.rewarding(silent, mute);
            Group group = Rollouts.local(model, task)
                    .run(new RolloutTask(
                            List.of(new RolloutTask.Request(silent.trainProblem(0, 0), 0, 2)), SAMPLING, 0))
                    .getFirst();
            assertThat(group.samples())
                    .allSatisfy(sample -> assertThat(
                                    sample.episode().orElseThrow().failure().orElseThrow())
                            .contains(reachable ? "says nothing first, and the prompt is empty" : "nobody is there"));
            assertThatThrownBy(() -> Scoring.score(List.of(group), new CompletionText(model), task))
                    .isInstanceOf(RewardException.class)
                    .hasMessageContaining("mute");
        }
    }

    @Test
    @DisplayName("the trainer's one pass over an episode gives each choice of every turn the sampler's bits, on 1 and 2"
            + " threads")
    void onPolicy() {
        CausalLM model = TestModels.addition();
        List<Group> groups = play(model, new Counting(), requests(0, 6, 8));
        List<Float> recorded = new ArrayList<>();
        groups.forEach(group -> group.samples().forEach(sample -> {
            for (float logProb : sample.chosenLogProbs()) {
                recorded.add(logProb);
            }
        }));
        int before = ComputePool.threads();
        try {
            for (int threads = 1; threads <= 2; threads++) {
                ComputePool.setThreads(threads);
                float[] scored = PolicyScorer.logProbs(model, groups, 1f, 100);
                assertThat(scored).hasSize(recorded.size());
                for (int i = 0; i < scored.length; i++) {
                    assertThat(scored[i]).isEqualTo(recorded.get(i));
                }
            }
        } finally {
            ComputePool.setThreads(before);
        }
    }

    @Test
    @DisplayName("neither the speed of the environment nor company nor threads change a bit")
    void neitherTimeNorCompany() {
        CausalLM model = TestModels.addition();
        List<Group> together = play(model, new Counting(), requests(0, 5, 6));
        Counting slow = new Counting(EnvironmentLimits.DEFAULT, 11, new AtomicInteger());
        List<Group> slowly = play(model, slow, requests(0, 5, 6));
        int before = ComputePool.threads();
        for (int i = 0; i < together.size(); i++) {
            assertSame(slowly.get(i), together.get(i));
            try {
                ComputePool.setThreads(1 + i % 2);
                assertSame(play(model, new Counting(), requests(i, 1, 6)).getFirst(), together.get(i));
            } finally {
                ComputePool.setThreads(before);
            }
        }
        assertThat(slow.open).hasValue(0);
    }

    @Test
    @DisplayName("paused after every few tokens and told again, an episode goes on to the same bits")
    void paused() {
        CausalLM model = TestModels.addition();
        List<Group> whole = play(model, new Counting(), requests(0, 3, 6));
        for (int pause : new int[] {1, 2, 3}) {
            Rollouts rollouts = Rollouts.local(model, EnvironmentTask.rewarding(new Addition(), new Counting()));
            List<Group> groups = rollouts.run(new RolloutTask(requests(0, 3, 6), SAMPLING, pause, 0));
            int rounds = 1;
            while (groups.stream().anyMatch(Group::isPaused)) {
                List<RolloutTask.Request> further =
                        groups.stream().map(RolloutTask.Request::continuing).toList();
                groups = rollouts.run(new RolloutTask(further, SAMPLING, pause, 0));
                rounds++;
            }
            assertThat(rounds).isGreaterThan(1);
            for (int i = 0; i < whole.size(); i++) {
                assertSame(groups.get(i), whole.get(i));
            }
        }
    }

    @Test
    @DisplayName(
            "an environment that answers otherwise when it is told the same again is a failure of its own, in words")
    void forgetful() {
        CausalLM model = TestModels.addition();
        AtomicInteger times = new AtomicInteger();
        Environment moody = stopping(start -> said -> Reply.of("+" + times.incrementAndGet() + "="));
        Rollouts rollouts = Rollouts.local(model, EnvironmentTask.rewarding(new Addition(), moody));
        List<Group> groups = rollouts.run(new RolloutTask(requests(0, 2, 4), SAMPLING, 6, 0));
        groups = rollouts.run(new RolloutTask(
                groups.stream().map(RolloutTask.Request::continuing).toList(), SAMPLING, 0));
        assertThat(failures(groups))
                .isNotEmpty()
                .allSatisfy(message -> assertThat(message).contains("otherwise when it was told the same again"));
    }

    private static Environment stopping(Environment.Beginning beginning) {
        return stopping(EnvironmentLimits.DEFAULT, beginning);
    }

    private static Environment stopping(EnvironmentLimits limits, Environment.Beginning beginning) {
        return new Environment() {
            @Override
            public String name() {
                return "mine";
            }

            @Override
            public Session reset(Start start) throws Exception {
                return beginning.reset(start);
            }

            @Override
            public EnvironmentLimits limits() {
                return limits;
            }

            @Override
            public List<String> stops() {
                return List.of("1", "2", "3", "4", "5");
            }
        };
    }

    private static List<String> failures(List<Group> groups) {
        return groups.stream()
                .flatMap(group -> group.samples().stream())
                .flatMap(sample -> sample.episode().orElseThrow().failure().stream())
                .toList();
    }

    private static List<Ending> endings(List<Group> groups) {
        return groups.stream()
                .flatMap(group -> group.samples().stream())
                .map(sample -> sample.episode().orElseThrow().ending())
                .distinct()
                .sorted()
                .toList();
    }

    @Test
    @DisplayName("limits end episodes: turns, tokens in all, and a cut observation says that it was cut")
    void limits() {
        CausalLM model = TestModels.addition();
        Environment endless = stopping(EnvironmentLimits.DEFAULT.withMaxTurns(2), start -> said -> Reply.of("+", 0.25));
        List<Group> twoTurns = play(model, endless, requests(0, 3, 6));
        assertThat(endings(twoTurns)).contains(Ending.TURNS);
        twoTurns.forEach(group -> group.samples().forEach(sample -> {
            Episode episode = sample.episode().orElseThrow();
            assertThat(episode.turns()).hasSizeLessThanOrEqualTo(2);
            assertThat(sample.finish()).isEqualTo(FinishReason.LENGTH);
            assertThat(sample.lastChoice()).isEqualTo(sample.length());
        }));

        Environment wordy = stopping(
                EnvironmentLimits.DEFAULT.withMaxObservationTokens(12), start -> said -> Reply.of("+".repeat(100_000)));
        List<Group> cut = play(model, wordy, requests(0, 3, 6));
        assertThat(endings(cut)).containsExactly(Ending.LENGTH);
        boolean isSeen = false;
        for (Group group : cut) {
            for (Trajectory sample : group.samples()) {
                assertThat(sample.length() - group.promptLength()).isLessThanOrEqualTo(24);
                for (Turn turn : sample.episode().orElseThrow().turns()) {
                    int[] told = Arrays.copyOfRange(sample.tokens(), turn.end(), turn.next());
                    assertThat(told.length).isLessThanOrEqualTo(12);
                    String text = model.tokenizer().decode(told, false);
                    assertThat(text).matches("|\\++ \\[cut]");
                    isSeen |= !text.isEmpty();
                }
            }
        }
        assertThat(isSeen).isTrue();
    }

    @Test
    @DisplayName(
            "what throws, hangs or answers nonsense fails its own sample, with the environment, problem, sample and"
                    + " turn")
    void failing() {
        CausalLM model = TestModels.addition();
        CountDownLatch never = new CountDownLatch(1);
        Environment broken = stopping(EnvironmentLimits.DEFAULT.withStepTimeout(0.3), start -> {
            if (start.sample() == 0) {
                throw new IllegalStateException("no place");
            }
            return said -> switch (start.sample()) {
                case 1 -> throw new IllegalStateException("lost");
                case 2 -> {
                    while (never.getCount() > 0) {
                        Thread.onSpinWait(); // hears no interrupt
                    }
                    yield Reply.done();
                }
                case 3 -> null;
                case 4 -> Reply.done(Double.NaN);
                case 5 -> throw new StackOverflowError();
                default -> Reply.done(1);
            };
        });
        EnvironmentTask task = EnvironmentTask.rewarding(new Addition(), broken);
        List<Group> groups;
        try {
            groups = Rollouts.local(model, task).run(new RolloutTask(requests(0, 1, 8), SAMPLING, 0));
        } finally {
            never.countDown();
        }
        String where =
                "environment 'mine' on problem '" + groups.getFirst().problem().id() + "', sample ";
        assertThat(failures(groups))
                .containsExactly(
                        where + "0, turn 1 threw java.lang.IllegalStateException: no place",
                        where + "1, turn 1 threw java.lang.IllegalStateException: lost",
                        where + "2, turn 1 did not answer within 0.3 s",
                        where + "3, turn 1 answered null",
                        where
                                + "4, turn 1 threw java.lang.IllegalArgumentException: the reward of a turn is NaN; it"
                                + " must be a number between -1.0E9 and 1.0E9",
                        where + "5, turn 1 threw java.lang.StackOverflowError");
        List<Trajectory> samples = groups.getFirst().samples();
        assertThat(samples.get(0).choices()).isZero();
        assertThat(samples.get(0).finish()).isEqualTo(FinishReason.CANCELLED);
        assertThat(samples.get(6).episode().orElseThrow().ending()).isEqualTo(Ending.DONE);
        assertThatThrownBy(() -> Scoring.score(groups, new CompletionText(model), task))
                .isInstanceOf(RewardException.class)
                .hasMessage(where + "0, turn 1 threw java.lang.IllegalStateException: no place");
        EnvironmentTask ofTools = EnvironmentTask.withTools(new Addition(), broken);
        assertThatThrownBy(() -> Scoring.score(groups, new CompletionText(model), ofTools))
                .as("the task's own reward would have said 0")
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("no place");
    }

    @Test
    @DisplayName(
            "rewards of turns stand at the last token of their turns, and rewards see the policy's last turn alone")
    void rewards() {
        CausalLM model = TestModels.addition();
        Counting environment = new Counting();
        EnvironmentTask task = EnvironmentTask.rewarding(new Addition(), environment);
        List<Group> groups = play(model, environment, requests(0, 3, 6));
        List<ScoredGroup> scored = Scoring.score(groups, new CompletionText(model), task);
        for (ScoredGroup group : scored) {
            for (int s = 0; s < group.rewards().length; s++) {
                Trajectory sample = group.group().samples().get(s);
                Episode episode = sample.episode().orElseThrow();
                assertThat(group.rewards()[s]).isEqualTo(episode.reward().orElse(0));
                double[] tokens = group.tokenRewards().orElseThrow()[s];
                int last = -1;
                for (Turn turn : episode.turns()) {
                    last += turn.end() - turn.start();
                    assertThat(tokens[last]).isEqualTo(turn.reward().orElse(0));
                }
                String text = model.tokenizer().decode(sample.from(episode.lastTurn(sample.length())), true);
                assertThat(group.texts().get(s)).isEqualTo(text).doesNotContain("=");
            }
        }
    }

    @Test
    @DisplayName(
            "what a session says first stands behind the prompt; sessions that begin otherwise share what is the same")
    void openings() {
        CausalLM model = TestModels.addition();
        Environment opening = stopping(start -> opened("+" + start.sample() / 2));
        List<Group> groups = play(model, opening, requests(0, 1, 4));
        Group group = groups.getFirst();
        Problem problem = group.problem();
        for (int s = 0; s < 4; s++) {
            int[] prompt = model.tokenizer().encodePrompt(problem.prompt() + "+" + s / 2);
            Trajectory sample = group.samples().get(s);
            assertThat(sample.episode().orElseThrow().start()).isEqualTo(prompt.length);
            assertThat(Arrays.copyOf(sample.tokens(), prompt.length)).isEqualTo(prompt);
            assertThat(sample.chosen()[prompt.length]).isTrue();
            assertThat(group.promptLength()).isEqualTo(prompt.length - 1);
        }
        float[] scored = PolicyScorer.logProbs(model, groups, 1f, 1000);
        float[] recorded = new float[scored.length];
        int at = 0;
        for (Trajectory sample : group.samples()) {
            for (float logProb : sample.chosenLogProbs()) {
                recorded[at++] = logProb;
            }
        }
        assertThat(scored).isEqualTo(recorded);
    }

    private static Session opened(String text) {
        return new Session() {
            @Override
            public Reply respond(Said said) {
                return Reply.done(1);
            }

            @Override
            public Optional<String> opening() {
                return Optional.of(text);
            }
        };
    }

    @Test
    @DisplayName("an episode that does not fit together is refused")
    void episode() {
        Turn first = new Turn(3, 5, 7, OptionalDouble.empty(), 0, 0);
        Turn second = new Turn(8, 9, 9, OptionalDouble.empty(), 0, 0);
        assertThatThrownBy(() -> Episode.from(3).with(first).with(second))
                .hasMessageContaining("a turn begins at token 8, but what is before it ends at 7");
        assertThatThrownBy(() -> new Turn(3, 2, 4, OptionalDouble.empty(), 0, 0))
                .hasMessageContaining("no turn stands at [3, 2)");
        assertThat(Map.of(Ending.DONE, "done", Ending.TURNS, "turns"))
                .allSatisfy((ending, label) -> assertThat(ending.label()).isEqualTo(label));
    }
}
