// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.TestModels;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Deltas give back every bit, say so by checksums, and are short where little has changed. */
class WeightDeltaTest {
    private static final WeightLayout LAYOUT = new WeightLayout(List.of(
            new WeightLayout.Entry("long", DType.F32, 600_001), // three pieces, the last one short
            new WeightLayout.Entry("bf16", DType.BF16, 4_001),
            new WeightLayout.Entry("empty", DType.F32, 0),
            new WeightLayout.Entry("ids", DType.I64, 3)));

    private static WeightImage image(IntToDoubleFunction values) {
        List<Tensor> tensors = new ArrayList<>();
        for (WeightLayout.Entry entry : LAYOUT.entries()) {
            Tensor numbers = Tensor.zeros(DType.F32, Shape.of(entry.elements()));
            for (int i = 0; i < entry.elements(); i++) {
                numbers.floats()[i] = (float) values.applyAsDouble(i);
            }
            tensors.add(
                    entry.dtype() == DType.I64
                            ? Tensor.of(new long[] {1, -1, (long) values.applyAsDouble(3)}, 3)
                            : numbers.to(entry.dtype()));
        }
        return WeightImage.of(LAYOUT, tensors);
    }

    private static double weight(int i) {
        return 0.02 * Math.sin(12.9898 * i) - 0.001;
    }

    private static void requireSame(WeightImage found, WeightImage expected) {
        assertThat(found.manifest()).isEqualTo(expected.manifest());
        for (int i = 0; i < expected.layout().pieces(); i++) {
            assertThat(found.piece(i)).as("piece %d", i).isEqualTo(expected.piece(i));
        }
    }

    enum Change {
        NONE(i -> weight(i)),
        SMALL_STEPS(i -> weight(i) + (i % 2 == 0 ? 1e-6 : -1e-6)),
        ONE_WEIGHT(i -> i == 300_000 ? 5 : weight(i)),
        SIGNS(i -> -weight(i)),
        NOT_NUMBERS(i -> i % 3 == 0 ? Double.NaN : i % 3 == 1 ? Double.NEGATIVE_INFINITY : -0.0),
        EVERYTHING(i -> 100 * weight(7 * i + 1));

        final IntToDoubleFunction values;

        Change(IntToDoubleFunction values) {
            this.values = values;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDeltaGivesBackEveryBit(Change change) {
        WeightImage old = image(WeightDeltaTest::weight);
        WeightImage now = image(change.values);
        WeightDelta delta = WeightDelta.between(old, now);
        WeightDelta read = WeightDelta.read(delta.toBytes(), LAYOUT);
        requireSame(read.apply(old), now);
        requireSame(WeightDelta.read(WeightDelta.whole(now).toBytes(), LAYOUT).applyToNothing(), now);
        assertThat(delta.bytes())
                .as("a delta is never much longer than a copy")
                .isLessThanOrEqualTo(LAYOUT.bytes() + 64L * LAYOUT.pieces());
    }

    @Test
    void whatHasNotChangedIsNotSent() {
        WeightImage old = image(WeightDeltaTest::weight);
        assertThat(WeightDelta.between(old, image(WeightDeltaTest::weight)).pieces())
                .isEmpty();
        assertThat(WeightDelta.between(old, image(Change.ONE_WEIGHT.values)).pieces())
                .extracting(WeightPiece::index)
                .containsExactly(1);
    }

    @Test
    void smallStepsAreShortAndOthersAreSentWhole() {
        WeightImage old = image(WeightDeltaTest::weight);
        WeightDelta small = WeightDelta.between(old, image(Change.SMALL_STEPS.values));
        assertThat(small.bytes()).isLessThan(LAYOUT.bytes() / 2);
        assertThat(small.pieces()).allMatch(piece -> piece.base().isPresent());
        WeightDelta other = WeightDelta.between(old, image(i -> i % 2 == 0 ? 0 : 1)); // shorter than their difference
        assertThat(other.pieces().getFirst().base()).isEmpty();
    }

    @Test
    void aDeltaIsOfOneOldImageAlone() {
        WeightImage old = image(WeightDeltaTest::weight);
        WeightDelta delta = WeightDelta.between(old, image(Change.SMALL_STEPS.values));
        WeightImage missed = image(i -> weight(i) + 3e-6);
        assertThatThrownBy(() -> delta.apply(missed))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("difference from one that is not here")
                .hasMessageContaining("Send it whole");
        WeightLayout others = new WeightLayout(List.of(new WeightLayout.Entry("long", DType.F32, 600_002)));
        assertThatThrownBy(() -> WeightDelta.read(delta.toBytes(), others))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("a model with other tensors");
    }

    @Test
    void piecesComeInAnyOrderTwiceAndAfterABreak() {
        WeightImage old = image(WeightDeltaTest::weight);
        WeightImage now = image(Change.SMALL_STEPS.values);
        WeightAssembly assembly = new WeightAssembly(now.manifest(), Optional.of(old));
        assertThat(assembly.image()).isEmpty();
        List<WeightPiece> pieces = new ArrayList<>(WeightDelta.pieces(Optional.of(old), now, assembly.missing()));
        Collections.shuffle(pieces, new Random(1));
        assembly.accept(pieces.getFirst());
        assembly.accept(pieces.getFirst());
        int[] rest = assembly.missing(); // the connection broke; the receiver says what it lacks
        assertThat(rest)
                .hasSize(pieces.size() - 1)
                .doesNotContain(pieces.getFirst().index());
        WeightDelta.pieces(Optional.empty(), now, rest).forEach(assembly::accept); // by somebody who lost the old image
        requireSame(assembly.image().orElseThrow(), now);
    }

    @Test
    void aDamagedPieceChangesNothing() {
        WeightImage old = image(WeightDeltaTest::weight);
        WeightImage now = image(Change.SMALL_STEPS.values);
        WeightAssembly assembly = new WeightAssembly(now.manifest(), Optional.of(old));
        WeightPiece whole =
                WeightDelta.pieces(Optional.empty(), now, new int[] {0}).getFirst();
        List<BytePlane> planes = new ArrayList<>(whole.planes());
        Collections.swap(planes, 0, 1);
        assertThatThrownBy(() -> assembly.accept(new WeightPiece(0, Optional.empty(), planes)))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("piece 0 has another checksum");
        assertThat(assembly.missing()).contains(0);
        assembly.accept(whole);
        assertThat(assembly.missing()).doesNotContain(0);
    }

    @Test
    void aModelTakesTheWeightsOfAnother() {
        CausalLM trained = TestModels.addition();
        WeightImage before = WeightImage.of(trained);
        SplittableRandom random = new SplittableRandom(3);
        for (Parameter parameter : trained.parameters()) {
            float[] values = parameter.value().floats();
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) (1e-5 * random.nextDouble(-1, 1));
            }
            parameter.valueChanged();
        }
        CausalLM other = TestModels.addition();
        long changes = other.weightChanges();
        WeightDelta.between(before, WeightImage.of(trained)).apply(before).loadInto(other);
        assertThat(TestModels.bits(other)).isEqualTo(TestModels.bits(trained));
        assertThat(other.weightChanges()).isGreaterThan(changes);
        CausalLM fresh = CausalLM.create(trained.config(), Optional.empty(), 1);
        WeightImage.of(trained).loadInto(fresh); // a worker has a configuration and no checkpoint
        assertThat(fresh.logits(new int[] {1, 2, 3}).toFloatArray())
                .isEqualTo(trained.logits(new int[] {1, 2, 3}).toFloatArray());
    }
}
