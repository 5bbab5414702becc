// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.EnvironmentTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Samples are told of as they end: each once, as the answer has them, before others have ended. */
class RolloutListenerTest {
    private static final GenerationConfig SAMPLING = GenerationConfig.sampling(24, 1f, 5);

    /** Writes down what it hears. */
    private static final class Heard implements RolloutListener {
        final List<String> events = new ArrayList<>();
        final Map<Integer, Map<Integer, Trajectory>> samples = new HashMap<>();
        final Map<Integer, Group> groups = new HashMap<>();

        @Override
        public void onSample(int request, int sample, Trajectory trajectory) {
            events.add("sample " + request);
            assertThat(groups).as("a group is told of after its samples").doesNotContainKey(request);
            assertThat(samples.computeIfAbsent(request, r -> new HashMap<>()).put(sample, trajectory))
                    .as("request %d, sample %d, once", request, sample)
                    .isNull();
        }

        @Override
        public void onGroup(int request, Group group) {
            events.add("group " + request);
            assertThat(groups.put(request, group)).as("group %d, once", request).isNull();
        }

        /** All was told, as it is in the answer. */
        void assertTold(List<Group> answer) {
            assertThat(groups).hasSameSizeAs(answer);
            for (int g = 0; g < answer.size(); g++) {
                Group told = groups.get(g);
                assertThat(told.promptLength()).isEqualTo(answer.get(g).promptLength());
                for (int s = 0; s < told.size(); s++) {
                    assertThat(told.samples().get(s))
                            .isSameAs(answer.get(g).samples().get(s));
                    assertThat(samples.get(g).get(s)).isSameAs(told.samples().get(s));
                }
            }
        }
    }

    private static List<RolloutTask.Request> requests(int count, int samples) {
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            requests.add(new RolloutTask.Request(new Addition().trainProblem(3, i), i, samples));
        }
        return requests;
    }

    @Test
    @DisplayName("of one turn: each sample, then its group, while other groups are under way")
    void singleTurns() {
        CausalLM model = TestModels.addition();
        Heard heard = new Heard();
        List<Group> answer = Rollouts.local(model).run(new RolloutTask(requests(6, 4), SAMPLING, 0), heard);
        heard.assertTold(answer);
        assertThat(heard.events.indexOf(heard.events.stream()
                        .filter(event -> event.startsWith("group"))
                        .findFirst()
                        .orElseThrow()))
                .as("a group has ended before all samples: %s", heard.events)
                .isLessThan(heard.events.size() - 6);
    }

    @Test
    @DisplayName("of samples that go on: those that had ended are not told of again")
    void continued() {
        CausalLM model = TestModels.addition();
        Rollouts rollouts = Rollouts.local(model);
        Heard first = new Heard();
        List<Group> paused = rollouts.run(new RolloutTask(requests(5, 4), SAMPLING, 3, 0), first);
        first.assertTold(paused);
        Heard second = new Heard();
        List<Group> answer = rollouts.run(
                new RolloutTask(
                        paused.stream().map(RolloutTask.Request::continuing).toList(), SAMPLING, 0),
                second);
        assertThat(second.groups).hasSize(5);
        int went = 0;
        for (int g = 0; g < 5; g++) {
            for (int s = 0; s < 4; s++) {
                boolean wentOn = paused.get(g).samples().get(s).finish() == FinishReason.PAUSED;
                went += wentOn ? 1 : 0;
                assertThat(second.samples.getOrDefault(g, Map.of()).containsKey(s))
                        .isEqualTo(wentOn);
                assertThat(second.groups.get(g).samples().get(s))
                        .isSameAs(answer.get(g).samples().get(s));
            }
        }
        assertThat(went).isBetween(1, 19);
    }

    @Test
    @DisplayName("of several turns, one of which fails before it has a prompt")
    void episodes() {
        CausalLM model = TestModels.addition();
        Task task = EnvironmentTask.rewarding(new Addition(), new Twice(new AtomicInteger()));
        Heard heard = new Heard();
        List<Group> answer = Rollouts.local(model, task).run(new RolloutTask(requests(4, 3), SAMPLING, 0), heard);
        heard.assertTold(answer);
        assertThat(answer)
                .flatExtracting(Group::samples)
                .filteredOn(sample -> ((Trajectory) sample).finish() == FinishReason.CANCELLED)
                .hasSize(1);
    }

    @Test
    @DisplayName("what a listener throws ends the rollout")
    void broken() {
        CausalLM model = TestModels.addition();
        RolloutListener refuses = new RolloutListener() {
            @Override
            public void onGroup(int request, Group group) {
                throw new IllegalStateException("no reward for " + request);
            }
        };
        RolloutTask task = new RolloutTask(requests(2, 2), SAMPLING, 0);
        assertThatThrownBy(() -> Rollouts.local(model).run(task, refuses)).hasMessageContaining("no reward for");
        Task played = EnvironmentTask.rewarding(new Addition(), new Twice(new AtomicInteger()));
        assertThatThrownBy(() -> Rollouts.local(model, played).run(task, refuses))
                .hasMessageContaining("no reward for");
    }

    /** Answers once; one of the sessions cannot begin. */
    private record Twice(AtomicInteger sessions) implements Environment {
        @Override
        public String name() {
            return "twice";
        }

        @Override
        public List<String> stops() {
            return List.of("1", "2", "3");
        }

        @Override
        public Session reset(Start start) {
            if (sessions.incrementAndGet() == 8) {
                throw new IllegalStateException("no session");
            }
            return said -> said.isEnded() || said.number() == 2 ? Reply.done(1) : Reply.of("+1=", 0);
        }
    }
}
