// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.EnvironmentTask;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** However a run fails, no session of an environment stays open. */
class EnvironmentClosingTest {
    private static final int PER_ROLLOUT = 8;

    /** Sessions that count themselves; those behind so many answer nothing until they are interrupted. */
    private static final class Counted implements Environment {
        private final AtomicInteger opened = new AtomicInteger();
        private final AtomicInteger closed = new AtomicInteger();
        private final CountDownLatch stuck = new CountDownLatch(1);
        private final int answering;

        Counted(int answering) {
            this.answering = answering;
        }

        @Override
        public String name() {
            return "counted";
        }

        @Override
        public List<String> stops() {
            return List.of("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "+", "=");
        }

        @Override
        public Session reset(Start start) {
            boolean answers = opened.incrementAndGet() <= answering;
            return new Session() {
                @Override
                public Reply respond(Said said) throws InterruptedException {
                    if (!answers) {
                        stuck.countDown();
                        Thread.sleep(600_000);
                    }
                    return Reply.done(1);
                }

                @Override
                public void close() {
                    try {
                        Thread.sleep(1);
                        closed.incrementAndGet();
                    } catch (InterruptedException e) {
                        // like a connection that is interrupted, it is not closed then
                    }
                }
            };
        }

        void assertClosed(int least) {
            long end = System.nanoTime() + 20_000_000_000L;
            while (closed.get() < opened.get() && System.nanoTime() < end) {
                Thread.onSpinWait(); // who samples ahead closes on a thread of its own
            }
            assertThat(opened.get()).isGreaterThanOrEqualTo(least);
            assertThat(closed).hasValue(opened.get());
        }
    }

    private static RlTrainer trainer(Counted environment, int staleness, RewardFunction reward) {
        RlConfig config = RlConfig.builder()
                .maxSteps(4)
                .promptsPerStep(2)
                .numGenerations(PER_ROLLOUT / 2)
                .maxCompletionLength(4)
                .evalSteps(0)
                .finalEvalProblems(1)
                .maxStaleness(staleness)
                .build();
        EnvironmentTask task = new EnvironmentTask(new Addition(), environment, WeightedRewards.of(reward), 1);
        return new RlTrainer(TestModels.addition(), task, config);
    }

    private static final RewardFunction ONE = RewardFunction.named("one", completion -> Score.of(1));

    @ParameterizedTest
    @CsvSource({"0", "1"})
    @DisplayName("when rewards fail beyond their budget")
    void rewards(int staleness) {
        Counted environment = new Counted(Integer.MAX_VALUE);
        AtomicInteger calls = new AtomicInteger();
        RewardFunction failing = RewardFunction.named("failing", completion -> {
            if (calls.incrementAndGet() > PER_ROLLOUT + 2) {
                throw new IllegalStateException("no more rewards");
            }
            return Score.of(1);
        });
        assertThatThrownBy(() -> trainer(environment, staleness, failing).train())
                .hasStackTraceContaining("no more rewards");
        environment.assertClosed(PER_ROLLOUT);
    }

    @ParameterizedTest
    @CsvSource({"0", "1"})
    @DisplayName("when the trainer fails between two rollouts")
    void trainer(int staleness) {
        Counted environment = new Counted(Integer.MAX_VALUE);
        RlTrainer trainer = trainer(environment, staleness, ONE).observer((step, measured) -> {
            throw new IllegalStateException("no more steps");
        });
        assertThatThrownBy(trainer::train).hasMessage("no more steps");
        environment.assertClosed(PER_ROLLOUT);
    }

    @Test
    @DisplayName("when the trainer fails while a rollout that is sampled ahead waits for its environment")
    void whileSamplingAhead() {
        Counted environment = new Counted(1 + PER_ROLLOUT); // the one that is measured, and the first rollout
        RlTrainer trainer = trainer(environment, 1, ONE).observer((step, measured) -> {
            try {
                assertThat(environment.stuck.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            throw new IllegalStateException("no more steps");
        });
        assertThatThrownBy(trainer::train).hasMessage("no more steps");
        environment.assertClosed(1 + 2 * PER_ROLLOUT);
    }

    @Test
    @DisplayName("when who trains is interrupted while an environment is asked, which stays interrupted")
    void interrupted() throws InterruptedException {
        Counted environment = new Counted(1);
        RlTrainer trainer = trainer(environment, 0, ONE);
        AtomicInteger stays = new AtomicInteger();
        Thread training = Thread.ofPlatform().start(() -> {
            assertThatThrownBy(trainer::train).hasMessageContaining("interrupted");
            stays.set(Thread.currentThread().isInterrupted() ? 1 : 0);
        });
        assertThat(environment.stuck.await(60, TimeUnit.SECONDS)).isTrue();
        training.interrupt();
        training.join(60_000);
        assertThat(stays).hasValue(1);
        environment.assertClosed(1 + PER_ROLLOUT);
    }
}
