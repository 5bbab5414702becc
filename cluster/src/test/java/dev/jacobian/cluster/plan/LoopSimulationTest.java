// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The simulation against sums that one can do by hand, and against what must hold. */
class LoopSimulationTest {
    private static final Offset<Double> TINY = within(1e-9);
    private static final Publishing FREE = new Publishing(0, 1, 1e9, 0, 0);

    /** 4 prompts of 10 tokens, 2 samples of 100 tokens each; a step of decoding takes 0.01 s + 0.001 s a sequence. */
    private static LoopModel model(int workers, int staleness, double train, double reward) {
        return new LoopModel(
                new LoopSettings(workers, 4, 2, staleness, 1024, 64),
                new LoopTimes(
                        new DecodeTimes(Map.of(1, 0.011, 101, 0.111)),
                        0.002,
                        train / (4 * 10 + 8 * 100),
                        Amount.constant(reward)),
                FREE,
                Losses.NONE,
                10,
                Amount.constant(100));
    }

    private static LoopModel varied(int workers, int staleness) {
        return new LoopModel(
                new LoopSettings(workers, 16, 4, staleness, 1024, 8),
                new LoopTimes(new DecodeTimes(Map.of(1, 0.011, 101, 0.111)), 0.002, 1e-4, new Amount(0.2, 0.5, 10)),
                new Publishing(1e6, 0.5, 1e6, 0.01, 0),
                Losses.NONE,
                10,
                new Amount(100, 0.7, 400));
    }

    private static double seconds(LoopModel model) {
        return LoopSimulation.run(model, 12, 7).stepSeconds();
    }

    @Test
    @DisplayName("one worker that alternates takes the sum of all times")
    void sum() {
        double wave = 4 * 10 * 0.002 + 100 * 0.018;
        Prediction one = LoopSimulation.run(model(1, 0, 3.0, 0.5), 5, 0);
        assertThat(one.stepSeconds()).isCloseTo(wave + 0.5 + 3, TINY);
        assertThat(one.samplesPerSecond()).isCloseTo(8 / (wave + 3.5), TINY);
        assertThat(one.tokensPerSecond()).isCloseTo(800 / (wave + 3.5), TINY);
        assertThat(one.stepsPerHour()).isCloseTo(3600 / (wave + 3.5), within(1e-6));
        assertThat(one.samplingSeconds()).isCloseTo(wave, TINY);
        assertThat(one.rewardSeconds()).isCloseTo(0.5, TINY);
        assertThat(one.trainSeconds()).isCloseTo(3, TINY);
        assertThat(one.workerIdle()).isCloseTo(3.5 / (wave + 3.5), TINY);
        assertThat(one.trainerIdle()).isCloseTo((wave + 0.5) / (wave + 3.5), TINY);
    }

    @Test
    @DisplayName("with any number of workers what is left is the longest sample and training")
    void bound() {
        double alone = 10 * 0.002 + 100 * 0.011;
        assertThat(seconds(model(8, 0, 3, 0))).isCloseTo(alone + 3, TINY);
        assertThat(seconds(model(10_000, 0, 3, 0))).isCloseTo(alone + 3, TINY);
        Prediction many = LoopSimulation.run(model(10_000, 0, 3, 0), 3, 0);
        assertThat(many.workerIdle()).isCloseTo(1 - 8 * alone / (10_000 * (alone + 3)), TINY);
    }

    @ParameterizedTest
    @CsvSource({"1,3,0", "1,0.5,0", "1,1.5,1.5", "2,0.1,4", "2,1.8,5", "3,1.9,0.2"})
    @DisplayName("staleness overlaps: the longer of sampling and training, or all of it over the rollouts under way")
    void overlap(int staleness, double train, double reward) {
        double wave = 4 * 10 * 0.002 + 100 * 0.018;
        double expected = Math.max(Math.max(wave, train), (wave + reward + train) / (staleness + 1));
        assertThat(seconds(model(1, staleness, train, reward))).isCloseTo(expected, TINY);
        assertThat(seconds(model(1, 0, train, reward))).isCloseTo(wave + reward + train, TINY);
    }

    @Test
    @DisplayName("weights through one link take its time for each worker; a tree takes its hops")
    void publishing() {
        Publishing star = new Publishing(1e9, 0.25, 1e8, 0.1, 0);
        assertThat(star.arrivals(4)).containsOnly(4 * 2.5 + 0.1);
        Prediction bound = LoopSimulation.run(model(100, 0, 0, 0).with(star), 4, 0);
        assertThat(bound.publishSeconds()).isCloseTo(100 * 2.5 + 0.1, within(1e-6));
        assertThat(bound.stepSeconds()).isCloseTo(100 * 2.5 + 0.1 + 10 * 0.002 + 100 * 0.011, within(1e-6));
        double[] tree = new Publishing(1e9, 0.25, 1e8, 0.1, 2).arrivals(7);
        assertThat(tree[0]).isCloseTo(5.1, TINY);
        assertThat(tree[1]).isCloseTo(5.1, TINY);
        assertThat(tree[5]).isCloseTo(10.2, TINY); // 2, 3 from the first, 4, 5 from the second
        assertThat(tree[6]).isCloseTo(5.1 + 5.1 + 2.6, TINY); // the only one of the third
        assertThat(new Publishing(1e9, 0.25, 1e8, 0.1, 7).arrivals(7))
                .containsExactly(new Publishing(1e9, 0.25, 1e8, 0.1, 0).arrivals(7));
    }

    @Test
    @DisplayName("rewards wait for a place")
    void rewards() {
        LoopModel model = model(1, 0, 0, 0.5);
        LoopModel narrow = model.with(model.settings().withRewardConcurrency(1));
        double wave = 4 * 10 * 0.002 + 100 * 0.018;
        assertThat(seconds(narrow)).isCloseTo(wave + 8 * 0.5, TINY);
    }

    @Test
    @DisplayName("sequences leave places, and what does not fit waits for one")
    void batch() {
        LoopModel model = model(1, 0, 0, 0);
        assertThat(WorkerBatch.ends(new int[] {3, 1, 2}, 0, model))
                .containsExactly(new double[] {0.013 + 0.012 + 0.011, 0.013, 0.013 + 0.012}, TINY);
        LoopModel narrow = model.with(new LoopSettings(1, 4, 2, 0, 2, 8));
        assertThat(WorkerBatch.ends(new int[] {3, 1, 2}, 1, narrow))
                .containsExactly(new double[] {0.02 + 3 * 0.012, 0.02 + 0.012, 0.02 + 3 * 0.012}, TINY);
    }

    @Test
    @DisplayName("decoding times lie on lines between what was measured")
    void decoding() {
        DecodeTimes times = new DecodeTimes(Map.of(2, 1.0, 4, 3.0, 8, 3.0, 10, 4.0));
        assertThat(IntStream.of(1, 2, 3, 4, 6, 8, 9, 10, 12).mapToDouble(times::step))
                .containsExactly(1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.5, 4.0, 5.0);
        assertThat(new DecodeTimes(Map.of(4, 2.0)).step(900)).isEqualTo(2.0);
        assertThat(times.times(2).step(12)).isEqualTo(10.0);
        assertThatIllegalArgumentException().isThrownBy(() -> new DecodeTimes(Map.of()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DecodeTimes(Map.of(1, -1.0)))
                .withMessageContaining("-1.0 for 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DecodeTimes(Map.of(0, 1.0)))
                .withMessageContaining("found 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DecodeTimes(Map.of(1, 2.0, 2, 1.0)))
                .withMessageContaining("less time");
    }

    @Test
    @DisplayName("a lost worker's samples are done by another, after it was noticed")
    void losses() {
        LoopModel quiet = varied(4, 0);
        LoopModel lossy = quiet.with(new Losses(200, 1, 5));
        Prediction without = LoopSimulation.run(quiet, 100, 3);
        Prediction with = LoopSimulation.run(lossy, 100, 3);
        assertThat(without.redoneShare()).isZero();
        assertThat(with.redoneShare()).isPositive();
        assertThat(with.stepSeconds()).isGreaterThan(without.stepSeconds());
        assertThat(with.lostPerHour()).isEqualTo(800);
        assertThat(LoopSimulation.run(quiet.with(new Losses(200, 10, 5)), 100, 3)
                        .stepSeconds())
                .as("noticed later")
                .isGreaterThan(with.stepSeconds());
        assertThat(LoopSimulation.run(quiet.with(new Losses(200, 1, 60)), 100, 3)
                        .stepSeconds())
                .as("away for longer")
                .isGreaterThan(with.stepSeconds());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoopSimulation.run(
                        new LoopModel(
                                quiet.settings(),
                                quiet.times(),
                                FREE,
                                new Losses(3600, 0, 0),
                                10,
                                Amount.constant(1e5)),
                        1,
                        0))
                .withMessageContaining("lost faster");
    }

    @Test
    @DisplayName("the same seed gives the same bits, another one another run")
    void deterministic() {
        LoopModel model = varied(7, 2).with(new Losses(20, 1, 5));
        assertThat(LoopSimulation.run(model, 20, 5)).isEqualTo(LoopSimulation.run(model, 20, 5));
        assertThat(LoopSimulation.run(model, 20, 6).stepSeconds()).isNotEqualTo(seconds(model));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 40})
    @DisplayName("more staleness, bandwidth or places for rewards never take longer")
    void monotone(int workers) {
        LoopModel model = varied(workers, 0);
        LoopModel even = new LoopModel(
                model.settings(),
                new LoopTimes(model.times().decode(), 0.002, 1e-4, Amount.constant(0.2)),
                model.publishing(),
                Losses.NONE,
                10,
                Amount.constant(100));
        for (int staleness = 0; staleness < 4; staleness++) {
            assertThat(seconds(even.withMaxStaleness(staleness + 1)))
                    .isLessThanOrEqualTo(seconds(even.withMaxStaleness(staleness)) + 1e-9);
        }
        assertThat(seconds(varied(workers, 2))).as("samples that differ").isLessThan(seconds(model));
        double places = seconds(even.with(even.settings().withRewardConcurrency(4)));
        assertThat(seconds(even)).isLessThan(places);
        assertThat(seconds(even.with(even.settings().withRewardConcurrency(64))))
                .isLessThanOrEqualTo(seconds(even) + 1e-9);
        for (LoopModel either : List.of(even, model)) {
            assertThat(seconds(either.with(new Publishing(1e6, 0.5, 2e6, 0.01, 0))))
                    .isLessThan(seconds(either));
            assertThat(seconds(either.with(new Publishing(1e6, 0.5, 1e6, 0.02, 0))))
                    .isGreaterThan(seconds(either));
        }
    }

    @Test
    @DisplayName("amounts have the mean that was asked for, and nothing beyond the cut")
    void amounts() {
        Amount amount = new Amount(100, 0.8, 150);
        double sum = 0;
        int cut = 0;
        for (int i = 0; i < 20_000; i++) {
            double drawn = amount.draw(1, 2, i);
            assertThat(drawn).isPositive().isLessThanOrEqualTo(150);
            sum += drawn;
            cut += drawn == 150 ? 1 : 0;
        }
        assertThat(sum / 20_000).isCloseTo(amount.drawnMean(), within(1.0));
        assertThat(cut / 20_000.0).isCloseTo(amount.cutShare(), within(0.01));
        Amount fitted = Amount.fitted(60.236, 0.082, 144);
        assertThat(fitted.drawnMean()).isCloseTo(60.236, within(0.01));
        assertThat(fitted.cutShare()).isCloseTo(0.082, within(0.002));
        assertThat(Amount.withMean(60, 0, 144).drawnMean()).isCloseTo(60, within(1e-6));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Amount.fitted(200, 0.1, 144))
                .withMessageContaining("200.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Amount.constant(-1))
                .withMessageContaining("-1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Amount(1, -1, 2))
                .withMessageContaining("spread");
    }

    @Test
    @DisplayName("a sweep goes in steps of 1, 2, 5 and finds where it bends")
    void sweep() {
        assertThat(Sweep.counts(1)).containsExactly(1);
        assertThat(Sweep.counts(60)).containsExactly(1, 2, 5, 10, 20, 50, 60);
        assertThat(Sweep.counts(10_000)).hasSize(13).endsWith(5000, 10_000);
        Sweep sweep = Sweep.of(model(1, 0, 3, 0), 100, List.of(0, 1), 4, 0);
        assertThat(sweep.lines()).containsOnlyKeys(0, 1);
        assertThat(sweep.lines().get(0)).hasSize(7);
        assertThat(sweep.bend(1).model().settings().workers())
                .as("one worker keeps the trainer busy")
                .isEqualTo(1);
        assertThat(sweep.bend(0).model().settings().workers()).isGreaterThan(1);
        assertThatIllegalArgumentException().isThrownBy(() -> sweep.bend(5)).withMessageContaining("5");
    }

    @Test
    @DisplayName("advice names what binds")
    void advice() {
        assertThat(changes(model(1, 0, 2, 0))).anyMatch(change -> change.contains("max_staleness=1"));
        assertThat(changes(model(64, 0, 3, 0)))
                .contains("fewer workers: 4")
                .anyMatch(change -> change.contains("trainer"))
                .noneMatch(change -> change.contains("twice the workers"));
        assertThat(changes(model(64, 0, 0.1, 0).with(new Publishing(1e9, 1, 1e9, 0, 0))))
                .anyMatch(change -> change.contains("differences"))
                .anyMatch(change -> change.contains("tree"));
        LoopModel slow = model(8, 0, 0.1, 5);
        assertThat(changes(slow.with(slow.settings().withRewardConcurrency(1))).getFirst())
                .isEqualTo("reward_concurrency=4");
    }

    private static List<String> changes(LoopModel model) {
        return Advice.of(LoopSimulation.run(model, 4, 0), 4, 0).stream()
                .map(Advice::change)
                .toList();
    }

    @Test
    @DisplayName("what cannot be is refused in words")
    void badInput() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model(0, 0, 1, 0))
                .withMessageContaining("workers must lie between 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model(1, -1, 1, 0))
                .withMessageContaining("max_staleness");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model(1, 0, -1, 0))
                .withMessageContaining("training must take 0 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoopSimulation.run(model(1, 0, 1, 0), 0, 0))
                .withMessageContaining("steps");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Publishing(1, 1, 0, 0, 0))
                .withMessageContaining("link");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Losses(-1, 0, 0))
                .withMessageContaining("-1.0");
        LoopModel none = new LoopModel(
                new LoopSettings(1, 1, 1, 0, 1, 1),
                new LoopTimes(new DecodeTimes(Map.of(1, 0.0)), 0, 0, Amount.constant(0)),
                FREE,
                Losses.NONE,
                1,
                Amount.constant(1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoopSimulation.run(none, 1, 0))
                .withMessageContaining("any time");
    }
}
