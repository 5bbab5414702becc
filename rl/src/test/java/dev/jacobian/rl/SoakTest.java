// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Long runs hold no more memory and no more threads at their end than near their beginning. */
class SoakTest {
    /** Live bytes that may come and go: compiled code's metadata, caches of the JDK. */
    private static final long SLACK = 1 << 20;

    /** What a run holds at one moment. */
    private record Holdings(long heap, int threads) {
        static Holdings now() {
            for (int i = 0; i < 3; i++) {
                System.gc();
            }
            return new Holdings(
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                    ManagementFactory.getThreadMXBean().getThreadCount());
        }
    }

    @Test
    @DisplayName("10,000 training steps: as much memory after the last as after the 1,000th")
    void training() {
        List<SftExample> examples = new ArrayList<>();
        for (int a = 1; a < 100; a++) {
            examples.add(new SftExample(a + "+" + 7 * a + "=", "" + 8 * a)); // of many lengths
        }
        List<Holdings> holdings = new ArrayList<>();
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(10_000)
                .perDeviceTrainBatchSize(2)
                .microBatchTokens(24)
                .loggingSteps(1_000)
                .build();
        OfflineTrainer.sft(TestModels.addition(), SftDataset.of("sums", examples), config)
                .listener(new TrainingListener() {
                    @Override
                    public void onStep(StepMetrics metrics) {
                        holdings.add(Holdings.now());
                    }
                })
                .train();
        assertThat(holdings).hasSize(10);
        assertFlat(holdings.getFirst(), holdings.getLast());
    }

    @Test
    @DisplayName("2,000 generations: as much memory after the last as after the 200th")
    void generation() {
        CausalLM model = TestModels.addition();
        Generator generator = new Generator(model);
        Workspace workspace = new Workspace();
        List<Holdings> holdings = new ArrayList<>();
        List<Long> recycled = new ArrayList<>();
        for (int i = 1; i <= 2_000; i++) {
            int[] prompt = model.tokenizer().encode(i % 90 + "+" + i % 7 + "=", true);
            int seed = i;
            workspace.run(
                    () -> generator.generate(List.of(prompt), 2, GenerationConfig.sampling(4 + seed % 5, 1f, seed)));
            if (i % 200 == 0) {
                holdings.add(Holdings.now());
                recycled.add(workspace.bytes());
            }
        }
        assertFlat(holdings.getFirst(), holdings.getLast());
        assertThat(recycled.getLast()).isLessThanOrEqualTo(2 * recycled.getFirst() + SLACK);
    }

    private static void assertFlat(Holdings early, Holdings late) {
        assertThat(late.heap()).isLessThan(early.heap() + SLACK);
        assertThat(late.threads()).isLessThanOrEqualTo(early.threads());
    }
}
