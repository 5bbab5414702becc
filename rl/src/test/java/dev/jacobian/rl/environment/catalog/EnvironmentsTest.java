// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class EnvironmentsTest {
    private static ServerSocket listening; // OpenEnv looks whether somebody listens

    @BeforeAll
    static void listen() throws IOException {
        listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterAll
    static void stop() throws IOException {
        listening.close();
    }

    private static List<EnvironmentKind> kinds() {
        String url = "http://localhost:" + listening.getLocalPort();
        return Environments.all().stream()
                .map(kind -> kind.name().equals("openenv")
                        ? Environments.of("openenv", new Given().set("url", url, "--set url=" + url))
                        : kind)
                .toList();
    }

    @Test
    @DisplayName("each has a name of its own, settings with words, and defaults that make an environment")
    void all() {
        Set<String> names = new HashSet<>();
        for (EnvironmentKind kind : kinds()) {
            assertThat(names.add(kind.name())).as(kind.name()).isTrue();
            assertThat(kind.about()).isNotBlank();
            assertThat(Environments.settings(kind))
                    .allSatisfy(key -> assertThat(key.doc()).isNotBlank());
            assertThat(Environments.settings(kind))
                    .extracting(key -> key.name())
                    .contains("max_turns", "max_observation_tokens", "step_timeout");
            Environment environment = kind.environment();
            assertThat(environment.name()).isEqualTo(kind.name());
            assertThat(environment.limits().maxTurns()).isEqualTo(8);
            assertThat(environment.isRepeatable()).isEqualTo(!kind.name().equals("openenv"));
        }
    }

    @Test
    @DisplayName("settings by name; what is unknown or refused is named with its origin")
    void settings() {
        EnvironmentKind kind = Environments.of("calculator", new Given().set("max_turns", 3, "--set max_turns=3"));
        assertThat(kind.environment().limits().maxTurns()).isEqualTo(3);
        assertThatThrownBy(() -> Environments.of("chess", new Given()))
                .hasMessageContaining("unknown environment 'chess'; use one of calculator, search");
        assertThatThrownBy(() -> Environments.of("guess", new Given().set("largst", 3, "--set largst=3")))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("--set largst=3")
                .hasMessageContaining("largest");
        assertThatThrownBy(() -> Environments.of("guess", new Given().set("max_turns", 0, "--set max_turns=0")))
                .hasMessageContaining("max_turns must be at least 1, got 0")
                .hasMessageContaining("--set max_turns=0");
        assertThatThrownBy(() -> SearchKind.DEFAULT.task(Optional.empty(), false))
                .hasMessage("environment 'search' has no problems of its own; give some with --data FILE");
    }

    @Test
    @DisplayName("drawn problems: functions of seed and index, evaluation apart from training, all different")
    void problems() {
        for (EnvironmentKind kind : kinds()) {
            Optional<Task> own = kind.problems(false);
            if (own.isEmpty()) {
                continue;
            }
            Task task = kind.task(Optional.empty(), false);
            assertThat(task.trainProblem(5, 3)).isEqualTo(own.get().trainProblem(5, 3));
            int count = Math.min(5, task.evalSize());
            assertThat(count).as(kind.name()).isPositive();
            List<Problem> held = task.evalProblems(count);
            assertThat(held).extracting(Problem::id).doesNotHaveDuplicates();
            Set<String> ids = new HashSet<>(held.stream().map(Problem::id).toList());
            for (int i = 0; i < 500; i++) {
                assertThat(ids).doesNotContain(task.trainProblem(1, i).id());
            }
            Problem chat = kind.task(Optional.empty(), true).trainProblem(5, 3);
            assertThat(chat.chat()).isPresent();
            assertThat(chat.chat().get().chat().tools().isNull())
                    .isEqualTo(kind.environment().tools().isEmpty());
        }
        assertThat(GuessKind.DEFAULT.problems(false).orElseThrow().evalSize()).isBetween(2, 30);
        assertThatThrownBy(() -> GuessKind.DEFAULT.problems(false).orElseThrow().evalProblems(90))
                .hasMessageContaining("evaluation problems, asked for 90");
    }

    @Test
    @DisplayName("the calculator's problems are right, and the reward reads the number")
    void calculator() {
        Task task = CalculatorKind.DEFAULT.task(Optional.empty(), false);
        for (int i = 0; i < 50; i++) {
            Problem problem = task.trainProblem(0, i);
            String[] parts = problem.prompt().replace("=", "").split("(?<=[0-9])(?=[-+*])|(?<=[-+*])(?=[0-9])");
            long a = Long.parseLong(parts[0]);
            long b = Long.parseLong(parts[2]);
            long value = switch (parts[1]) {
                case "+" -> a + b;
                case "-" -> a - b;
                default -> a * b;
            };
            assertThat(task.rewards()
                            .score(problem.completion("It is " + value + ".", new int[] {1}, FinishReason.STOP))
                            .total())
                    .isEqualTo(Score.of(1));
        }
    }
}
