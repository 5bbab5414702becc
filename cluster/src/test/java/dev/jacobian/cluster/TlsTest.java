// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that nobody else can read. */
class TlsTest {
    private static final String PASSWORD = "a password";

    @TempDir
    Path folder;

    /** As the documentation says, with the JDK's own tool. */
    private void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-alias", "worker", "-storepass", PASSWORD));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("keytool.log").toFile())
                .start();
        assertThat(process.waitFor())
                .as(Files.readString(folder.resolve("keytool.log")))
                .isZero();
    }

    private Path certificate(String name) throws IOException, InterruptedException {
        Path store = folder.resolve(name + ".p12");
        Path pem = folder.resolve(name + ".pem");
        keytool(
                "-genkeypair",
                "-keyalg",
                "EC",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-dname",
                "CN=worker",
                "-ext",
                "san=ip:127.0.0.1");
        keytool("-exportcert", "-rfc", "-keystore", store.toString(), "-file", pem.toString());
        return pem;
    }

    @Test
    @DisplayName("a worker with a key is believed by who has its certificate, and by nobody else")
    void trust() throws Exception {
        Path own = certificate("own");
        Path foreign = certificate("foreign");
        CausalLM model = TestRuns.model();
        try (WorkerServer worker = WorkerServer.builder(TestRuns.SECRET)
                .scratch(folder)
                .secure(Tls.ofKeyStore(folder.resolve("own.p12"), PASSWORD))
                .start(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0))) {
            URI address = URI.create("https://127.0.0.1:" + worker.address().getPort());
            List<String> log = TestRuns.log();
            try (Workers workers = TestRuns.workers(List.of(address), log)
                    .trust(Tls.trusting(own))
                    .connect(model)) {
                var config = TestRuns.config().maxSteps(1).build();
                assertThat(TestRuns.with(workers, model, config)).isEqualTo(TestRuns.alone(TestRuns.model(), config));
                assertThat(workers.totals().local()).isZero();
            }
            assertThatThrownBy(() -> TestRuns.workers(List.of(address), log)
                            .timeout(Duration.ofSeconds(20))
                            .trust(Tls.trusting(foreign))
                            .connect(model))
                    .hasMessageContaining("no worker answers")
                    .hasMessageContaining("--worker-trust");
            assertThatThrownBy(() -> TestRuns.workers(List.of(TestRuns.address(worker)), log)
                            .timeout(Duration.ofSeconds(2))
                            .connect(model))
                    .hasMessageContaining("no worker answers");
        }
    }

    @Test
    @DisplayName("files that are none, and wrong passwords, are errors that name the file")
    void files() throws Exception {
        certificate("own");
        Path store = folder.resolve("own.p12");
        assertThatThrownBy(() -> Tls.ofKeyStore(store, "another"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(store.toString());
        assertThatThrownBy(() -> Tls.trusting(store)).hasMessageContaining(store.toString());
        Path empty = Files.createFile(folder.resolve("empty.pem"));
        assertThatThrownBy(() -> Tls.trusting(empty)).hasMessageContaining(empty.toString());
    }
}
