// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.learn.Meter;
import dev.jacobian.rl.sft.ExampleTokens;
import dev.jacobian.transformer.TokenScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses over log-probabilities: derivatives against finite differences, values against numbers made elsewhere, identities. */
class OfflineLossTest {
    private static final List<Preference> PAIRS = List.of(
            new Preference(new int[2], new int[3], new int[2]),
            new Preference(new int[3], new int[1], new int[4]),
            new Preference(new int[1], new int[2], new int[2]));
    private static final List<Judged> JUDGED = List.of(
            new Judged(new int[2], new int[3], true, false),
            new Judged(new int[1], new int[2], false, false),
            new Judged(new int[2], new int[1], true, false));

    /** Numbers that F32 holds exactly, so that small steps are exact too. */
    private static float[] logs(int count, int salt) {
        float[] logs = new float[count];
        for (int i = 0; i < count; i++) {
            logs[i] = -(1 + (i * 37 + salt * 11) % 97) / 64f;
        }
        return logs;
    }

    private static SpanScores scores(List<Span> spans, float[] logs) {
        int[] offsets = new int[spans.size() + 1];
        for (int s = 0; s < spans.size(); s++) {
            int first = spans.get(s).parent() < 0 && spans.get(s).learned().get(0) ? 1 : 0;
            offsets[s + 1] = offsets[s] + spans.get(s).learned().cardinality() - first;
        }
        float[] flat = new float[logs.length];
        float[] chances = new float[logs.length];
        Arrays.fill(chances, 0.25f);
        return new SpanScores(new TokenScores(logs, flat, flat, flat, chances), offsets);
    }

    private static int tokens(List<Span> spans) {
        int count = 0;
        for (Span span : spans) {
            count += span.learned().cardinality()
                    - (span.parent() < 0 && span.learned().get(0) ? 1 : 0);
        }
        return count;
    }

    private static <E> Loss loss(OfflineMethod<E> method, List<E> examples, float[] policy, float[] reference) {
        List<Span> spans = method.spans(examples);
        List<Span> aside = method.aside(examples);
        Map<String, Double> memory = new HashMap<>(Map.of("reward_count", 1e15)); // so that BCO's mean stands still
        return method.loss(new Batch<>(
                examples,
                scores(spans, policy),
                Optional.of(scores(spans, reference)),
                scores(aside, logs(tokens(aside), 3)),
                Optional.of(scores(aside, logs(tokens(aside), 5))),
                Optional.empty(),
                new Window(2, 7),
                new Meter(),
                memory));
    }

    private static OfflineMethod<?> with(OfflineMethod<?> method, Object... keysAndValues) {
        Given given = new Given();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given.set((String) keysAndValues[i], keysAndValues[i + 1], "test");
        }
        return (OfflineMethod<?>) ConfigTree.with((Record) method, given);
    }

    static Stream<OfflineMethod<?>> methods() {
        List<OfflineMethod<?>> methods = new ArrayList<>();
        for (String name :
                PreferenceLoss.names().replace("aot_unpaired, ", "").split(", ")) { // its ranks tie in these numbers
            methods.add(with(Dpo.DEFAULT, "loss_type", name, "beta", 0.7, "label_smoothing", 0.1));
        }
        for (FDivergence divergence : FDivergence.values()) {
            methods.add(with(Dpo.DEFAULT, "f_divergence_type", divergence, "ld_alpha", 0.3));
        }
        methods.add(with(Dpo.DEFAULT, "loss_type", "sigmoid,bco_pair,sft"));
        methods.add(with(Kto.DEFAULT, "desirable_weight", 1.5, "undesirable_weight", 0.5));
        methods.add(with(Kto.DEFAULT, "loss_type", "apo_zero_unpaired"));
        methods.add(Orpo.DEFAULT);
        for (MarginLoss type : MarginLoss.values()) {
            methods.add(with(Cpo.DEFAULT, "loss_type", type, "label_smoothing", 0.1, "beta", 0.4));
        }
        methods.add(with(Cpo.DEFAULT, "loss_type", "simpo", "alpha", 0.25, "cpo_alpha", 0.0));
        methods.add(Bco.DEFAULT);
        return methods.stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    @DisplayName("the derivative that a loss says is that of its value")
    void derivative(OfflineMethod<?> method) {
        if (method instanceof Kto || method instanceof Bco) {
            check(cast(method), JUDGED);
        } else {
            check(cast(method), PAIRS);
        }
    }

    @SuppressWarnings("unchecked")
    private static <E> OfflineMethod<E> cast(OfflineMethod<?> method) {
        return (OfflineMethod<E>) method;
    }

    private static <E> void check(OfflineMethod<E> method, List<E> examples) {
        int count = tokens(method.spans(examples));
        float[] policy = logs(count, 1);
        float[] reference = logs(count, 2);
        Loss loss = loss(method, examples, policy, reference);
        float h = 1f / 4096;
        for (int t = 0; t < count; t++) {
            float[] up = policy.clone();
            float[] down = policy.clone();
            up[t] += h;
            down[t] -= h;
            double slope = (loss(method, examples, up, reference).value()
                            - loss(method, examples, down, reference).value())
                    / (2 * h);
            assertThat(loss.derivative(t)).as("token %s", t).isCloseTo(slope, within(1e-5 * (1 + Math.abs(slope))));
        }
    }

    @Test
    @DisplayName("a pair whose numbers an independent script has")
    void pair() {
        // two and six tokens; log-ratios .4 and -.2
        List<Preference> one = List.of(new Preference(new int[1], new int[2], new int[6]));
        float[] policy = {-.9f, -.4f, -1.1f, -.7f, -.2f, -1.5f, -.6f, -.3f};
        float[] reference = {-1.2f, -.5f, -1f, -.8f, -.3f, -1.2f, -.5f, -.4f};
        assertThat(2 * loss(Dpo.DEFAULT, one, policy, reference).value()).isCloseTo(0.663597, within(1e-6));
        assertThat(2 * value("ipo", one, policy, reference)).isCloseTo(22.721111, within(1e-5));
        assertThat(2 * value("sppo_hard", one, policy, reference)).isCloseTo(44.2, within(1e-5));
    }

    private static double value(String type, List<Preference> one, float[] policy, float[] reference) {
        return loss(OfflineLossTest.<Preference>cast(with(Dpo.DEFAULT, "loss_type", type)), one, policy, reference)
                .value();
    }

    @Test
    @DisplayName("where policy and reference agree, DPO is log 2, and all losses of a margin pull the same way")
    void atTheReference() {
        float[] logs = logs(tokens(Dpo.DEFAULT.spans(PAIRS)), 1);
        Loss dpo = loss(Dpo.DEFAULT, PAIRS, logs, logs);
        assertThat(2 * dpo.value()).isCloseTo(StrictMath.log(2), within(1e-12));
        for (String type : List.of("hinge", "robust", "aot")) {
            Loss other = loss(
                    OfflineLossTest.<Preference>cast(with(Dpo.DEFAULT, "loss_type", type, "label_smoothing", 0.1)),
                    PAIRS,
                    logs,
                    logs);
            double scale = other.derivative(0) / dpo.derivative(0);
            assertThat(scale).as(type).isPositive();
            for (int t = 0; t < logs.length; t++) {
                assertThat(other.derivative(t)).as(type).isCloseTo(scale * dpo.derivative(t), within(1e-12));
            }
        }
    }

    @Test
    @DisplayName("dft weighs a token by its probability, without gradient through that")
    void dft() {
        Sft sft = (Sft) with(Sft.DEFAULT, "loss_type", "dft");
        BitSet learned = new BitSet();
        learned.set(1, 4);
        List<Demonstration> one = List.of(new Demonstration(List.of(new ExampleTokens.Encoded(new int[4], learned))));
        float[] logs = logs(3, 4);
        Loss loss = loss(sft, one, logs, logs);
        for (int t = 0; t < 3; t++) {
            assertThat(loss.derivative(t)).isCloseTo(-StrictMath.exp(logs[t]) / 7, within(1e-12));
        }
    }

    @Test
    @DisplayName("a setting that the chosen loss does not have is told of")
    void remarks() {
        assertThat(with(Dpo.DEFAULT, "loss_type", "sigmoid", "label_smoothing", 0.1)
                        .remarks())
                .containsExactly(
                        "label_smoothing does nothing: robust, exo_pair, aot and aot_unpaired have it, not sigmoid");
        assertThat(with(Dpo.DEFAULT, "loss_type", "robust", "label_smoothing", 0.1)
                        .remarks())
                .isEmpty();
        assertThat(with(Cpo.DEFAULT, "loss_type", "ipo", "label_smoothing", 0.1, "simpo_gamma", 1.0)
                        .remarks())
                .containsExactly(
                        "label_smoothing does nothing: sigmoid and simpo have it",
                        "simpo_gamma does nothing: only loss_type=simpo has a margin");
        assertThat(Cpo.DEFAULT.remarks()).isEmpty();
    }

    @Test
    @DisplayName("keys that a method lacks name those that have them; losses and arguments that are unknown are told")
    void misuse() {
        assertThatThrownBy(() -> OfflineConfig.of(Orpo.DEFAULT).with(new Given().set("loss_type", "ipo", "--set")))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("orpo has no setting 'loss_type'; methods that have it: sft, dpo, kto, cpo");
        assertThatThrownBy(() -> OfflineConfig.of(Dpo.DEFAULT).with(new Given().set("loss_type", "dpo", "--set")))
                .hasMessageContaining("loss_type 'dpo' is unknown; use sigmoid");
        assertThatThrownBy(() -> OfflineConfig.of(Dpo.DEFAULT).with(new Given().set("optim_args", "momentum=1", "x")))
                .hasMessageContaining("adamw_torch takes no 'momentum'");
        assertThatThrownBy(() -> OfflineConfig.of(Dpo.DEFAULT).with(new Given().set("loss_type", "exo_pair", "x")))
                .hasMessageContaining("needs label_smoothing");
        assertThat(OfflineConfig.of(Sft.DEFAULT)
                        .with(new Given().set("batch_size", 5, "--batch-size"))
                        .perDeviceTrainBatchSize())
                .isEqualTo(5);
        assertThat(OfflineConfig.of(Sft.DEFAULT)
                        .with(new Given().set("num_train_epochs", 2.0, "--set"))
                        .maxSteps())
                .isEqualTo(-1);
    }

    @Test
    @DisplayName("windows: the last of a pass has the rest; a random pass has every row once")
    void windows() {
        BatchPlan plan = new BatchPlan(10, 4, 2, SamplingStrategy.SEQUENTIAL, 1);
        assertThat(plan.steps(2)).isEqualTo(4);
        assertThat(plan.window(1)).isEqualTo(List.of(List.of(8L, 9L)));
        assertThat(plan.window(2)).isEqualTo(List.of(List.of(0L, 1L, 2L, 3L), List.of(4L, 5L, 6L, 7L)));
        BatchPlan random = new BatchPlan(10, 4, 2, SamplingStrategy.RANDOM, 1);
        List<Long> pass = new ArrayList<>();
        random.window(2).forEach(pass::addAll);
        random.window(3).forEach(pass::addAll);
        assertThat(pass).containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
    }
}
