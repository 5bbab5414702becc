// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs whose samples are drawn by workers, in this process but by real HTTP: the bits of a run without. */
class WorkersTest {
    @TempDir
    Path scratch;

    private final List<WorkerServer> servers = new ArrayList<>();
    private final List<String> log = TestRuns.log();

    @AfterEach
    void stop() {
        servers.forEach(WorkerServer::close);
    }

    private List<URI> start(int count) throws IOException {
        List<URI> addresses = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            servers.add(WorkerServer.builder(TestRuns.SECRET)
                    .scratch(scratch)
                    .log(log::add)
                    .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
            addresses.add(TestRuns.address(servers.getLast()));
        }
        return addresses;
    }

    private List<Integer> trained(int count, RlConfig config, Supplier<CausalLM> models) throws IOException {
        CausalLM model = models.get();
        try (Workers workers = TestRuns.workers(start(count), log).connect(model)) {
            List<Integer> bits = TestRuns.with(workers, model, config);
            assertThat(workers.totals().local())
                    .as("samples of the master's own: %s", log)
                    .isZero();
            assertThat(workers.status().stream()
                            .mapToLong(WorkerStatus::samples)
                            .sum())
                    .as("samples of workers")
                    .isPositive();
            return bits;
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 0", "4, 0", "1, 2", "2, 2"})
    @DisplayName(
            "the final weights are those of one process, bit for bit, with any number of workers, with staleness and"
                    + " without")
    void sameBits(int count, int staleness) throws IOException {
        RlConfig config = TestRuns.config().maxStaleness(staleness).build();
        assertThat(trained(count, config, TestRuns::model)).isEqualTo(TestRuns.alone(TestRuns.model(), config));
    }

    @Test
    @DisplayName("so they are with rollouts that go on from one step to the next, and with an adapter")
    void sameBitsInParts() throws IOException {
        RlConfig partial = TestRuns.config().rolloutTokenBudget(3).build();
        assertThat(trained(2, partial, TestRuns::model)).isEqualTo(TestRuns.alone(TestRuns.model(), partial));
        RlConfig config = TestRuns.config().learningRate(1e-2).build();
        assertThat(trained(2, config, TestRuns::adapted)).isEqualTo(TestRuns.alone(TestRuns.adapted(), config));
    }
}
