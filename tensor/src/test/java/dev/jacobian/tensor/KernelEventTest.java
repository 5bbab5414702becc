// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kernel events: in the recordings that ask for them, right, and nothing of them elsewhere. */
class KernelEventTest {
    private static final String NAME = "dev.jacobian.Kernel";

    @TempDir
    private Path folder;

    private final Rng rng = new Rng(41, 0);

    private List<RecordedEvent> record(boolean enable, Runnable body) throws IOException {
        Path file = folder.resolve("kernels.jfr");
        try (Recording recording = new Recording()) {
            if (enable) {
                recording.enable(NAME);
            }
            recording.start();
            body.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(NAME))
                .toList();
    }

    @Test
    void aRecordingThatAsksGetsOneEventPerKernel() throws IOException {
        Tensor a = normal(rng, 3, 5); // [M, K]
        Tensor b = normal(rng, 5, 7); // [K, N]
        Tensor out = Tensor.zeros(3, 7); // [M, N]
        Tensor plain = Tensor.zeros(3, 7); // [M, N]
        Backends.cpu().matrices().matmul(a, b, plain, false);

        List<RecordedEvent> events = record(true, () -> {
            Backends.cpu().matrices().matmul(a, b, out, false);
            Backends.cpu().matrices().matmul(a, Backends.cpu().matrices().pack(b), out, false);
            Backends.cpu().elementwise().scale(out, 1f, out);
        });

        assertThat(events).extracting(e -> e.getString("kernel")).containsExactly("matmul", "pack", "matmul", "scale");
        for (RecordedEvent event : List.of(events.get(0), events.get(2))) {
            assertThat(event.getLong("rows")).isEqualTo(3);
            assertThat(event.getLong("inner")).isEqualTo(5);
            assertThat(event.getLong("columns")).isEqualTo(7);
            assertThat(event.getLong("operations")).isEqualTo(2 * 3 * 5 * 7);
        }
        RecordedEvent scale = events.get(3);
        assertThat(scale.getLong("rows") * scale.getLong("columns")).isEqualTo(out.elements());
        assertThat(scale.getLong("operations")).isZero();
        assertThat(scale.getDuration()).isPositive();
        assertThat(out.toFloatArray()).containsExactly(plain.toFloatArray());
    }

    @Test
    void aBatchOfProductsIsOneEvent() throws IOException {
        Tensor a = normal(rng, 2, 3, 5); // [B, M, K]
        Tensor b = normal(rng, 2, 5, 7); // [B, K, N]
        Tensor out = Tensor.zeros(2, 3, 7); // [B, M, N]
        List<RecordedEvent> events =
                record(true, () -> Backends.cpu().matrices().batchedMatmul(a, b, out, false));
        assertThat(events).hasSize(1);
        RecordedEvent event = events.getFirst();
        assertThat(event.getString("kernel")).isEqualTo("batchedMatmul");
        assertThat(event.getLong("rows")).isEqualTo(2 * 3);
        assertThat(event.getLong("inner")).isEqualTo(5);
        assertThat(event.getLong("columns")).isEqualTo(7);
        assertThat(event.getLong("operations")).isEqualTo(2 * 2 * 3 * 5 * 7);
    }

    /** An event is told by a kernel's first tensor, so that stands before whatever else there is. */
    @Test
    void kernelsOfAllKindsAreRecorded() throws IOException {
        Tensor x = Tensor.zeros(3, 16);
        Tensor row = Tensor.zeros(16);
        Tensor out = Tensor.zeros(3, 16);
        Tensor ofRows = Tensor.zeros(3);
        List<RecordedEvent> events = record(true, () -> {
            Backends.cpu().activations().gelu(x, GeluForm.TANH, out);
            Backends.cpu().norms().layerNorm(x, row, null, 1e-5f, out, ofRows, ofRows);
            Backends.cpu().experts().route(x, true, Tensor.of(new int[6], 3, 2), Tensor.zeros(3, 2));
        });
        assertThat(events).extracting(event -> event.getString("kernel")).containsExactly("gelu", "layerNorm", "route");
        assertThat(events).allMatch(event -> event.getLong("rows") == 3 && event.getLong("columns") == 16);
    }

    @Test
    void anOrdinaryRecordingHasNoneAndKeepsThePlainKernels() throws IOException {
        Backend before = Backends.cpu();
        Tensor x = normal(rng, 4); // [D]
        List<RecordedEvent> events = record(false, () -> {
            assertThat(Backends.cpu()).isSameAs(before);
            Backends.cpu().elementwise().scale(x, 2f, x);
        });
        assertThat(events).isEmpty();
    }

    @Test
    void thePlainKernelsAreBackWhenTheRecordingEnds() throws IOException {
        Backend before = Backends.cpu();
        record(true, () -> {
            Backend recorded = Backends.cpu();
            assertThat(recorded).isNotSameAs(before).isSameAs(Backends.of(Device.CPU));
            assertThat(recorded.norms())
                    .as("its proxies too")
                    .isSameAs(Backends.cpu().norms());
        });
        assertThat(Backends.cpu()).isSameAs(before);
    }

    @Test
    void aFailureOfAKernelIsTheSameWithARecording() throws IOException {
        Tensor small = Tensor.zeros(1); // [1]
        Tensor large = Tensor.zeros(8); // [8]
        assertThatThrownBy(() -> Backends.cpu().elementwise().add(large, large, small))
                .isInstanceOf(IndexOutOfBoundsException.class);
        record(
                true,
                () -> assertThatThrownBy(() -> Backends.cpu().elementwise().add(large, large, small))
                        .isInstanceOf(IndexOutOfBoundsException.class));
    }
}
