// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.reward.Reward.Running;
import dev.jacobian.rl.reward.WeightedRewards.Breakdown;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import dev.jacobian.transformer.generation.FinishReason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rewards that hang, throw or do not listen: deadlines, order, the budget and the journal. */
@Timeout(120)
class RewardRunTest {
    private static Completion completion(String text) {
        return new Completion("p-" + text, "", Columns.NONE, text, new int[] {1}, FinishReason.STOP);
    }

    private static List<List<Completion>> groups(int n) {
        return List.of(IntStream.range(0, n)
                .mapToObj(i -> completion(Integer.toString(i)))
                .toList());
    }

    private static RewardRun run(double timeout, int budget) {
        return new RewardRun(new RewardCallConfig(timeout, budget, 32));
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static List<Double> totals(List<List<Breakdown>> breakdowns) {
        return breakdowns.getFirst().stream().map(one -> one.total().orNaN()).toList();
    }

    @Test
    @DisplayName("results are in the order of the calls, whoever ends first")
    void order() {
        RewardFunction slowFirst = RewardFunction.named("slow_first", c -> {
            sleep(c.text().equals("0") ? 60 : 0);
            return Score.of(Integer.parseInt(c.text()));
        });
        for (Running running : Running.values()) {
            assertThat(totals(WeightedRewards.of(as(slowFirst, running)).score(groups(20), run(30, 0))))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 20).mapToObj(i -> (double) i).toList());
        }
    }

    private static RewardFunction as(RewardFunction function, Running running) {
        return new RewardFunction() {
            @Override
            public Score score(Completion completion) {
                return function.score(completion);
            }

            @Override
            public Running running() {
                return running;
            }

            @Override
            public String name() {
                return function.name();
            }
        };
    }

    @Test
    @DisplayName("who waits waits together: 20 rewards that wait for each other end")
    void waitingRewardsRunAtOnce() {
        CountDownLatch all = new CountDownLatch(20);
        RewardFunction waits = as(
                RewardFunction.named("waits", c -> {
                    all.countDown();
                    try {
                        all.await();
                    } catch (InterruptedException e) {
                        return Score.failure("alone");
                    }
                    return Score.of(Thread.currentThread().isVirtual() ? 1 : 0);
                }),
                Running.WAITS);
        assertThat(totals(WeightedRewards.of(waits).score(groups(20), run(30, 0))))
                .containsOnly(1.0);
    }

    @Test
    @DisplayName(
            "a call that hangs is given up and counted; the others are scored, and its sample has no reward at all")
    void aHangingCall() {
        RewardFunction hangs = RewardFunction.named("hangs", c -> {
            if (c.text().equals("2")) {
                sleep(60_000);
            }
            return Score.of(1);
        });
        WeightedRewards rewards = WeightedRewards.of(hangs).plus(RewardFunction.named("fine", c -> Score.of(10)), 1);
        RewardRun run = run(0.2, 5);
        List<Breakdown> all = rewards.score(groups(4), run).getFirst();
        assertThat(all).extracting(one -> one.total().orNaN()).containsExactly(11.0, 11.0, Double.NaN, 11.0);
        assertThat(all.get(2).total().trouble())
                .hasValueSatisfying(why -> assertThat(why)
                        .isEqualTo("reward 'hangs' on problem 'p-2' took longer than 0.2 s (reward_timeout)"));
        assertThat(all.get(2).parts().get("hangs")).isInstanceOf(Score.TimedOut.class);
        assertThat(run.troubles()).containsOnlyKeys("hangs");
        assertThat(run.troubles().get("hangs")).isEqualTo(new RewardRun.Trouble(0, 1));
    }

    @Test
    @DisplayName("what was asked while samples were drawn is not asked again, and has its deadline too")
    void askedEarly() {
        AtomicInteger calls = new AtomicInteger();
        RewardFunction hangs = RewardFunction.named("hangs", c -> {
            calls.incrementAndGet();
            sleep(c.text().equals("2") ? 60_000 : c.text().equals("3") ? 600 : 0); // for good, and a little late
            return Score.of(1);
        });
        WeightedRewards rewards = WeightedRewards.of(hangs).plus(RewardFunction.named("fine", c -> Score.of(10)), 1);
        RewardRun run = run(0.2, 5);
        List<List<Completion>> groups = groups(5);
        EarlyRewards early = run.early(rewards);
        groups.getFirst().subList(0, 4).forEach(early::ask);
        sleep(700);
        List<Breakdown> all = run.using(early, () -> rewards.score(groups, run)).getFirst();
        assertThat(all)
                .extracting(one -> one.total().orNaN())
                .containsExactly(11.0, 11.0, Double.NaN, Double.NaN, 11.0);
        assertThat(calls).hasValue(5);
        assertThat(run.troubles().get("hangs")).isEqualTo(new RewardRun.Trouble(0, 2));
    }

    @Test
    @DisplayName("batches that are under way together share reward_concurrency, the earlier one first")
    void sharedPlaces() {
        AtomicInteger atOnce = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<String> begun = Collections.synchronizedList(new ArrayList<>());
        WeightedRewards rewards = WeightedRewards.of(as(
                RewardFunction.named("waits", c -> {
                    most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    begun.add(c.text());
                    sleep(5);
                    atOnce.decrementAndGet();
                    return Score.of(1);
                }),
                Running.WAITS));
        RewardRun run = new RewardRun(new RewardCallConfig(30, 0, 2));
        List<EarlyRewards> batches = List.of(run.early(rewards), run.early(rewards));
        List<List<Completion>> groups = groups(12);
        List<Completion> all = groups.getFirst();
        all.subList(0, 6).forEach(batches.get(0)::ask);
        all.subList(6, 12).forEach(batches.get(1)::ask);
        for (int b = 0; b < 2; b++) {
            List<List<Completion>> batch = List.of(all.subList(6 * b, 6 * b + 6));
            assertThat(totals(run.using(batches.get(b), () -> rewards.score(batch, run))))
                    .containsOnly(1.0);
        }
        assertThat(most.get()).isLessThanOrEqualTo(2);
        assertThat(begun.subList(0, 5))
                .allMatch(text -> Integer.parseInt(text) < 6); // and the sixth at the latest with the seventh
    }

    @Test
    @DisplayName("calls of a later batch that hang do not hold up an earlier one")
    void laterHangs() {
        WeightedRewards rewards = WeightedRewards.of(as(
                RewardFunction.named("waits", c -> {
                    sleep(Integer.parseInt(c.text()) >= 6 ? 60_000 : 0);
                    return Score.of(1);
                }),
                Running.WAITS));
        RewardRun run = new RewardRun(new RewardCallConfig(0.2, 100, 2));
        List<Completion> all = groups(9).getFirst();
        EarlyRewards early = run.early(rewards);
        EarlyRewards ahead = run.early(rewards);
        all.subList(0, 5).forEach(early::ask);
        all.subList(6, 9).forEach(ahead::ask); // before the sixth of the first
        List<List<Completion>> first = List.of(all.subList(0, 6));
        assertThat(totals(run.using(early, () -> rewards.score(first, run)))).containsOnly(1.0);
        List<List<Completion>> second = List.of(all.subList(6, 9));
        assertThat(run.using(ahead, () -> rewards.score(second, run)).getFirst())
                .allSatisfy(one -> assertThat(one.parts().get("waits")).isInstanceOf(Score.TimedOut.class));
    }

    @Test
    @DisplayName("a batch that hangs is every sample's failure; what failed before is not compared with")
    void batches() {
        List<Integer> seen = new ArrayList<>();
        BatchReward counts = BatchReward.named("counts", groups -> {
            groups.forEach(group -> seen.add(group.completions().size()));
            return groups.stream()
                    .map(group ->
                            group.completions().stream().map(c -> Score.of(1)).toList())
                    .toList();
        });
        RewardFunction throwsOnce = RewardFunction.named("throws", c -> {
            if (c.text().equals("1")) {
                throw new IllegalStateException("no");
            }
            return Score.of(0);
        });
        WeightedRewards rewards = WeightedRewards.of(throwsOnce).plus((Reward) counts, 1);
        assertThat(totals(rewards.score(groups(3), run(30, 1)))).containsExactly(1.0, Double.NaN, 1.0);
        assertThat(seen).containsExactly(2);
        BatchReward hangs = BatchReward.named("hangs", groups -> {
            sleep(60_000);
            return List.of();
        });
        assertThat(WeightedRewards.of((Reward) hangs)
                        .score(groups(2), run(0.1, 5))
                        .getFirst())
                .allSatisfy(one -> assertThat(one.parts().get("hangs")).isInstanceOf(Score.TimedOut.class));
    }

    @Test
    @DisplayName("threads that do not listen do not accumulate: the run ends with the reward's name")
    void deafThreads() {
        AtomicBoolean end = new AtomicBoolean();
        AtomicInteger running = new AtomicInteger();
        RewardFunction deaf = RewardFunction.named("deaf", c -> {
            running.incrementAndGet();
            while (!end.get()) {
                Thread.onSpinWait();
            }
            running.decrementAndGet();
            return Score.of(1);
        });
        try {
            RewardRun run = run(0.05, 1000);
            assertThatThrownBy(() -> WeightedRewards.of(deaf).score(groups(50), run))
                    .isInstanceOf(RewardException.class)
                    .hasMessageContaining("reward 'deaf'")
                    .hasMessageContaining("went on after they had been told to stop")
                    .hasMessageContaining("in a process of its own");
            assertThat(running.get()).isLessThanOrEqualTo(Deadlines.MOST_DEAF + 8);
        } finally {
            end.set(true);
        }
    }

    @Test
    @DisplayName("what no result can be made of is thrown where the calls were asked for")
    void errors() {
        List<Supplier<Integer>> calls = List.of(() -> 1, () -> {
            throw new OutOfMemoryError("pretended");
        });
        Deadlines.Lane lane =
                new Deadlines.Lane(2, Duration.ZERO, Thread.ofPlatform().factory());
        assertThatThrownBy(() -> new Deadlines().run(calls, lane)).isInstanceOf(OutOfMemoryError.class);
        assertThat(new Deadlines().run(List.<Supplier<Integer>>of(), lane)).isEmpty();
    }

    @Test
    @DisplayName("a budget of 0 stops at the first failure with its own message; another one says how many there were")
    void budget() {
        RewardRun strict = run(30, 0);
        assertThatThrownBy(() -> strict.bear("reward 'a' on problem 'p' threw"))
                .isInstanceOf(RewardException.class)
                .hasMessage("reward 'a' on problem 'p' threw");
        RewardRun patient = run(30, 2);
        patient.beginStep(7);
        WeightedRewards.of(RewardFunction.named("broken", c -> {
                    throw new IllegalStateException("gone");
                }))
                .score(groups(3), patient);
        patient.bear("one");
        patient.bear("two");
        assertThatThrownBy(() -> patient.bear("three"))
                .hasMessageContaining("3 samples of this run have no reward")
                .hasMessageContaining("reward_error_budget allows (2)")
                .hasMessageContaining("in step 7 reward 'broken' failed on 3 and timed out on 0")
                .hasMessageContaining("The last: three");
    }

    @Test
    @DisplayName("a step that is computed again leaves out what was left out, without asking again")
    void journal(@TempDir Path work) throws Exception {
        Path file = work.resolve("reward_failures.jsonl");
        AtomicBoolean slow = new AtomicBoolean(true);
        AtomicInteger calls = new AtomicInteger();
        RewardFunction moody = RewardFunction.named("moody", c -> {
            calls.incrementAndGet();
            if (slow.get() && c.text().equals("1")) {
                sleep(60_000);
            }
            return Score.of(1);
        });
        WeightedRewards rewards = WeightedRewards.of(moody);
        List<Double> first;
        try (RewardRun run = run(0.2, 9).journal(file, OptionalInt.empty())) {
            run.beginStep(1);
            slow.set(false);
            assertThat(totals(rewards.score(groups(3), run))).containsExactly(1.0, 1.0, 1.0);
            assertThat(file).doesNotExist();
            slow.set(true);
            run.beginStep(2);
            first = totals(rewards.score(groups(3), run));
        }
        assertThat(first).containsExactly(1.0, Double.NaN, 1.0);
        assertThat(Files.readString(file)).contains("\"step\":2", "\"timed_out\"", "moody");
        slow.set(false);
        calls.set(0);
        try (RewardRun again = run(0.2, 9).journal(file, OptionalInt.of(1))) {
            assertThat(again.borne()).isZero();
            again.beginStep(2);
            assertThat(totals(rewards.score(groups(3), again))).isEqualTo(first);
            assertThat(calls).hasValue(2);
            assertThat(again.troubles().get("moody")).isEqualTo(new RewardRun.Trouble(0, 1));
            assertThat(totals(rewards.score(groups(3), again)))
                    .as("another rollout of the same step")
                    .containsExactly(1.0, 1.0, 1.0);
        }
        assertThat(Files.readAllLines(file)).hasSize(1);
        try (RewardRun later = run(0.2, 9).journal(file, OptionalInt.of(2))) {
            assertThat(later.borne()).as("counted towards the budget").isOne();
        }
        run(0.2, 9).journal(file, OptionalInt.empty()).close();
        assertThat(file).as("a run that begins has none").doesNotExist();
    }

    @Test
    @DisplayName("a resumed run has borne what the run before it bore: of batches too, sums that are too large,"
            + " environments that failed")
    void borneIsExact(@TempDir Path work) throws Exception {
        Path file = work.resolve("reward_failures.jsonl");
        WeightedRewards rewards = WeightedRewards.of(RewardFunction.named("single", c -> {
                    if (c.text().equals("0")) {
                        throw new IllegalStateException("gone");
                    }
                    return Score.of(c.text().equals("3") ? 9e8 : 1);
                }))
                .plus(
                        BatchReward.named(
                                "batch",
                                groups -> groups.stream()
                                        .map(group -> group.completions().stream()
                                                .map(c -> c.text().equals("1")
                                                        ? Score.failure("no") // the first of those that are left
                                                        : Score.of(c.text().equals("3") ? 9e8 : 1))
                                                .toList())
                                        .toList()),
                        1);
        List<Double> first;
        try (RewardRun run = run(30, 9).journal(file, OptionalInt.empty())) {
            run.beginStep(1);
            first = totals(rewards.score(groups(5), run));
        }
        assertThat(first).containsExactly(Double.NaN, Double.NaN, 2.0, Double.NaN, 2.0);
        try (RewardRun later = run(30, 9).journal(file, OptionalInt.of(1))) {
            assertThat(later.borne()).isEqualTo(3);
        }
        try (RewardRun again = run(30, 9).journal(file, OptionalInt.of(0))) {
            again.beginStep(1);
            assertThat(totals(rewards.score(groups(5), again))).isEqualTo(first);
        }
        assertThat(Files.readAllLines(file))
                .as("a step that is repeated adds nothing")
                .hasSize(3);
    }

    @Test
    @DisplayName("what a reward says that would not say it again is said again by the journal")
    void unrepeatable(@TempDir Path work) throws Exception {
        Path file = work.resolve("reward_failures.jsonl");
        AtomicInteger calls = new AtomicInteger();
        WeightedRewards rewards = WeightedRewards.of(new RewardFunction() {
            @Override
            public String name() {
                return "timed";
            }

            @Override
            public boolean repeatable() {
                return false;
            }

            @Override
            public Score score(Completion completion) {
                return Score.of(0.1 * calls.incrementAndGet());
            }
        });
        List<Double> first;
        List<Double> second;
        try (RewardRun run = run(30, 0).journal(file, OptionalInt.empty())) {
            run.beginStep(1);
            first = totals(rewards.score(groups(3), run));
            run.beginStep(2);
            second = totals(rewards.score(groups(3), run));
        }
        assertThat(calls).hasValue(6);
        try (RewardRun again = run(30, 0).journal(file, OptionalInt.of(1))) {
            assertThat(again.borne()).isZero();
            again.beginStep(2);
            assertThat(totals(rewards.score(groups(3), again)))
                    .isEqualTo(second)
                    .isNotEqualTo(first);
            assertThat(calls).as("nobody was asked").hasValue(6);
            again.beginStep(3);
            rewards.score(groups(3), again);
            assertThat(calls).hasValue(9);
        }
        assertThat(Files.readAllLines(file)).hasSize(9);
    }

    @Test
    void aJournalThatNobodyWrote(@TempDir Path work) throws Exception {
        Path file = work.resolve("reward_failures.jsonl");
        String good = "{\"step\":1,\"round\":0,\"reward\":\"a\",\"sample\":0,\"problem\":\"p\",\"status\":\"failed\","
                + "\"message\":\"m\"}\n";
        for (String line : List.of(
                "{}",
                "[]",
                good.replace("\"step\":1", "\"step\":0").strip(),
                good.replace("failed", "fine").strip(),
                good.replace("failed", "scored").strip())) {
            Files.writeString(file, good + line + "\n" + good);
            assertThatThrownBy(() -> run(30, 0).journal(file, OptionalInt.of(3)))
                    .as(line)
                    .hasMessageContaining("reward_failures.jsonl, line 2: '")
                    .hasMessageContaining("is missing or no such value");
        }
    }

    @Test
    @DisplayName("a reward in its warm-up is measured and not added")
    void warmUp() {
        WeightedRewards rewards = new WeightedRewards(List.of(
                new Weighted(RewardFunction.named("right", c -> Score.of(1)), 1),
                new Weighted(RewardFunction.named("brief", c -> Score.of(-1)), 0.5, 2)));
        RewardRun run = run(30, 0);
        for (int step = 1; step <= 4; step++) {
            run.beginStep(step);
            Breakdown one = rewards.score(groups(1), run).getFirst().getFirst();
            assertThat(one.total()).as("step " + step).isEqualTo(Score.of(step <= 2 ? 1 : 0.5));
            assertThat(one.parts().get("brief")).isEqualTo(Score.of(-1));
        }
        assertThatThrownBy(() -> new Weighted(RewardFunction.named("x", c -> Score.skip()), 1, -1))
                .hasMessageContaining("warm-up");
    }

    @Test
    @DisplayName("one reward decides what is right, whatever the others give and whatever it weighs")
    void deciding() {
        WeightedRewards rewards = WeightedRewards.of(RewardFunction.named("form", c -> Score.of(1)))
                .plus(RewardFunction.named("right", c -> Score.of(0)), 0.1)
                .decidedBy("right");
        Breakdown one = rewards.score(groups(1)).getFirst().getFirst();
        assertThat(one.total()).isEqualTo(Score.of(1));
        assertThat(one.alone()).isEqualTo(Score.of(0));
        assertThatThrownBy(() -> rewards.decidedBy("other")).hasMessageContaining("'other' is to decide");
        assertThat(WeightedRewards.of(RewardFunction.named("a", c -> Score.of(1)))
                        .decides())
                .isEmpty();
    }
}
