// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests from many threads; failures, limits and the end. */
@Timeout(120)
class AsyncEngineTest {
    private final CausalLM model = CausalLM.load(TestPaths.model("llama-gqa"));
    private final EngineConfig config = EngineConfig.DEFAULT.withKvCacheGb(1);

    private static GenerationRequest request(int token, int tokens) {
        return new GenerationRequest(
                new int[] {token, 7},
                GenerationConfig.builder()
                        .maxNewTokens(tokens)
                        .ignoreEos(true)
                        .seed(token)
                        .build());
    }

    /** Holds the engine up at the first token of its request until it is let go. */
    private static final class Gate implements RequestListener {
        final CountDownLatch reached = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);

        @Override
        public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
            reached.countDown();
            try {
                open.await();
            } catch (InterruptedException stop) {
                throw new IllegalStateException(stop);
            }
        }
    }

    @Test
    @DisplayName("16 threads get what each would get alone")
    void threads() throws Exception {
        List<Generation> alone = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            alone.add(new Generator(model)
                    .generate(List.of(request(i, 20)))
                    .getFirst()
                    .getFirst());
        }
        try (AsyncEngine engine = new AsyncEngine(model, config)) {
            List<Thread> clients = new ArrayList<>();
            List<Generation> got = new ArrayList<>(alone);
            for (int i = 0; i < 16; i++) {
                int client = i;
                clients.add(Thread.ofVirtual().start(() -> {
                    for (int round = 0; round < 3; round++) {
                        Submission submission = engine.submit(request(client, 20));
                        got.set(client, submission.result().join().getFirst());
                    }
                }));
            }
            for (Thread client : clients) {
                client.join();
            }
            for (int i = 0; i < 16; i++) {
                assertThat(got.get(i)).isNotSameAs(alone.get(i));
                assertThat(got.get(i).tokenIds()).containsExactly(alone.get(i).tokenIds());
                Bits.assertBits(
                        "client " + i, got.get(i).logProbs(), alone.get(i).logProbs());
            }
        }
    }

    @Test
    @DisplayName(
            "bad requests are refused where they are made, failing ones hurt nobody, cancelled ones end as they are")
    void failures() throws Exception {
        try (AsyncEngine engine = new AsyncEngine(model, config)) {
            assertThatThrownBy(() -> engine.submit(request(1 << 20, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the vocabulary has");
            Gate gate = new Gate();
            Submission held = engine.submit(request(1, 100).withListener(gate));
            gate.reached.await();
            Submission broken = engine.submit(request(2, 5).withListener(new RequestListener() {
                @Override
                public void onFinish(int sample, Generation generation) {
                    throw new IllegalStateException("broken listener");
                }
            }));
            Submission early = engine.submit(request(3, 5));
            early.cancel();
            held.cancel();
            gate.open.countDown();
            assertThatThrownBy(() -> broken.result().get())
                    .isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("broken listener");
            Generation cut = held.result().get().getFirst();
            assertThat(cut.finishReason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(cut.tokenIds()).hasSizeBetween(1, 3);
            assertThat(early.result().get().getFirst().tokenIds()).isEmpty();
            assertThat(engine.submit(request(4, 6)).result().get().getFirst().tokenIds())
                    .hasSize(6);
        }
    }

    @Test
    @DisplayName(
            "more than may wait are refused; closing lets those end that were taken, or cancels them after a while")
    void limits() throws Exception {
        EngineConfig narrow = config.withMaxSequences(1).withMaxWaiting(2);
        AsyncEngine engine = new AsyncEngine(model, narrow);
        Gate gate = new Gate();
        Submission running = engine.submit(request(1, 60).withListener(gate));
        gate.reached.await();
        List<Submission> waiting = List.of(engine.submit(request(2, 5)), engine.submit(request(3, 5)));
        assertThatThrownBy(() -> engine.submit(request(4, 5)))
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("2 requests wait already");
        gate.open.countDown();
        engine.close();
        assertThat(running.result().get().getFirst().tokenIds()).hasSize(60);
        for (Submission submission : waiting) {
            assertThat(submission.result().get().getFirst().finishReason()).isEqualTo(FinishReason.LENGTH);
        }
        assertThatThrownBy(() -> engine.submit(request(1, 1))).hasMessageContaining("closed");
        assertThat(engine.metrics().finished()).isEqualTo(3);

        AsyncEngine impatient = new AsyncEngine(model, narrow);
        Gate slow = new Gate();
        Submission endless = impatient.submit(request(1, 120).withListener(slow));
        Submission behind = impatient.submit(request(2, 5));
        slow.reached.await();
        Thread opener = Thread.ofVirtual().start(() -> {
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
            slow.open.countDown();
        });
        impatient.close(Duration.ofMillis(1));
        opener.join();
        assertThat(endless.result().get().getFirst().finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(behind.result().get().getFirst().finishReason()).isEqualTo(FinishReason.CANCELLED);
    }

    @Test
    @DisplayName("an engine that fails ends all requests with the reason and takes no more")
    void brokenEngine() {
        try (AsyncEngine engine = new AsyncEngine(model, config)) {
            Submission submission = engine.submit(request(1, 5).withListener(new RequestListener() {
                @Override
                public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
                    throw new AssertionError("an error, not an exception");
                }
            }));
            assertThatThrownBy(() -> submission.result().join()).hasMessageContaining("an error, not an exception");
            assertThatThrownBy(() -> {
                        while (true) { // taken on while the engine fails, it fails with it
                            assertThat(engine.submit(request(1, 1)).result()).failsWithin(Duration.ofSeconds(60));
                        }
                    })
                    .hasMessageContaining("engine has failed");
        }
    }
}
