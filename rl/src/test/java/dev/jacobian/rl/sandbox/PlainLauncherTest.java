// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The fallback without walls: harmless programs only. */
class PlainLauncherTest {
    private static final Limits LIMITS = Limits.DEFAULT.withCpu(1).withWall(60);
    private final Launcher launcher = new PlainLauncher();

    @BeforeEach
    void itsToolsAreThere() {
        Assumptions.assumeTrue(
                launcher.problem().isEmpty(),
                () -> "skipped: " + launcher.problem().orElseThrow());
    }

    private Outcome shell(String script, Limits limits) {
        try (Sandbox sandbox = new Sandbox(launcher, 1, Sandbox.Workers.COLD)) {
            Outcome outcome = sandbox.run(new Program(Language.shell(), script), new byte[0], limits);
            try (Stream<Path> left = Files.list(sandbox.folder())) {
                assertThat(left).isEmpty();
            }
            return outcome;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void itWorks() {
        assertThat(Probe.problem(launcher)).isEmpty();
    }

    @Test
    void limitsHold() {
        assertThat(shell("while :; do :; done", LIMITS).ending()).isEqualTo(Ending.CPU_LIMIT);
        assertThat(shell("trap '' TERM; sleep 60", LIMITS.withWall(0.5)).ending())
                .isEqualTo(Ending.WALL_LIMIT);
        assertThat(shell("head -c 3000000 /dev/zero", LIMITS.withOutput(1000)).ending())
                .isEqualTo(Ending.OUTPUT_LIMIT);
        assertThat(shell("mkdir a; echo x > a/b; ln -s / a/c; chmod 000 a; exit 5", LIMITS)
                        .exitCode())
                .isEqualTo(5);
    }

    @Test
    void whatElseTheUserRunsIsNotCounted() {
        Limits few = new Limits(5, 60, 64L << 20, 1000, 4, 1 << 20);
        assertThat(shell("true; (true); echo $(echo ran)", few).stdoutText()).isEqualTo("ran\n");
        assertThat(shell("i=0; while [ $i -lt 300 ]; do sleep 2 >/dev/null 2>&1 & i=$((i+1)); done; echo all", few)
                        .stdoutText())
                .as("forks that are one too many fail")
                .isNotEqualTo("all\n");
    }

    @Test
    void ofRootsRunsNothingIsLeft() {
        Assumptions.assumeTrue(Launcher.ownUsers(), "skipped: only root can give a run a user of its own");
        String seconds = "62.0" + ProcessHandle.current().pid();
        Outcome outcome =
                shell("setsid sh -c 'trap \"\" TERM; sleep " + seconds + "' & sleep 0.3; id -u; exit 0", LIMITS);
        assertThat(Integer.parseInt(outcome.stdoutText().strip())).isNotEqualTo(Tools.userId());
        assertThat(ProcessHandle.allProcesses()
                        .flatMap(process -> process.info().arguments().stream())
                        .flatMap(Stream::of)
                        .filter(argument -> argument.equals(seconds))
                        .toList())
                .isEqualTo(List.of());
    }
}
