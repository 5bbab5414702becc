// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.CompletionRecord;
import dev.jacobian.rl.observe.Span;
import dev.jacobian.rl.observe.StepMetrics;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jline.terminal.Size;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ProgressDisplayTest {
    private static final String HOSTILE = "a\u001b]0;owned\u0007\u001b[2J\u009b31m\r\b\u202Eb";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void linesForAStreamThatIsNoTerminal() {
        try (ProgressDisplay display = new ProgressDisplay(out, 3)) {
            display.onMessage("measuring");
            display.onStep(new StepMetrics(0, 3, Map.of("pass@1", 0.25)));
            for (int step = 1; step <= 3; step++) {
                display.onStep(step(step, 3));
            }
        }
        List<String> lines = text().lines().toList();
        assertThat(lines).hasSize(3); // step 2 came too soon after step 1
        assertThat(lines.getFirst()).isEqualTo("measuring");
        assertThat(lines.get(1))
                .startsWith("step 1/3  reward 0.500  pass@1 25.0%  length 31.2  entropy 0.750  1234 tok/s");
        assertThat(lines.get(2)).startsWith("step 3/3  ").endsWith("0:00 left");
    }

    @Test
    void everyStepWhenStepsAreSlow() {
        try (ProgressDisplay display = new ProgressDisplay(new ProgressLines(out, 0, Long.MAX_VALUE / 2), 12)) {
            for (int step = 1; step <= 12; step++) {
                display.onStep(step(step, 12));
            }
        }
        assertThat(text().lines()).hasSize(12).allMatch(line -> line.startsWith("step "));
        assertThat(text()).startsWith("step  1/12  ");
    }

    @Test
    void lossStandsInForAReward() {
        try (ProgressDisplay display = new ProgressDisplay(out, 1)) {
            display.onStep(new StepMetrics(1, 1, Map.of("loss", 1.5)));
        }
        assertThat(text()).startsWith("step 1/1  loss 1.500");
    }

    @Test
    void completionsCannotControlTheTerminal() {
        try (ProgressDisplay display = new ProgressDisplay(out, 3)) {
            display.onCompletions(List.of(new CompletionRecord(1, HOSTILE, HOSTILE + "\nnext", 1, 0, "length")));
            display.onMessage(HOSTILE);
        }
        assertThat(text()).contains("sample of step 1, reward 1.000, cut off at the length limit", "  : a", "  > next");
        assertThat(text().chars().filter(c -> c != '\n'))
                .allMatch(c -> c >= 0x20 && c != 0x202E && (c < 0x7f || c > 0x9f));
    }

    @Test
    void samplesAreShort() {
        CompletionRecord sample =
                new CompletionRecord(7, "p\n".repeat(40), "c".repeat(999) + "\nc".repeat(40), 0, 0, "stop");
        List<String> lines = ProgressText.sample(sample);
        assertThat(lines).hasSize(11).allMatch(line -> line.length() < 220);
        assertThat(lines.getLast()).contains("35 more lines");
    }

    @Test
    void onlySomeSamplesAreShown() {
        try (ProgressDisplay display = new ProgressDisplay(out, 3)) {
            for (int step = 1; step <= 3; step++) {
                display.onCompletions(List.of(new CompletionRecord(step, "p", "c", 0, 0, "stop")));
            }
        }
        assertThat(text()).contains("step 1").doesNotContain("step 2", "step 3");
    }

    @Test
    void timeLeftIsThatOfTheStepsSoFar() {
        long second = 1_000_000_000L;
        ProgressState state = new ProgressState(10, 0);
        assertThat(state.remaining(second)).isEmpty();
        state.advance(new StepMetrics(0, 10, Map.of("pass@1", 0.1)), 100 * second); // evaluation is no step
        state.advance(step(1, 10), 103 * second);
        state.advance(step(2, 10), 106 * second);
        assertThat(state.remaining(106 * second).orElseThrow()).isEqualTo(24.0);
        assertThat(state.remaining(108 * second).orElseThrow()).isEqualTo(22.0);
        assertThat(state.remaining(200 * second).orElseThrow()).isEqualTo(21.0); // one slow step: no less than the rest
        assertThat(state.passAt1().orElseThrow()).isEqualTo(0.1);

        ProgressState resumed = new ProgressState(10, 0);
        resumed.advance(step(6, 10), 3 * second);
        assertThat(resumed.remaining(3 * second).orElseThrow()).isEqualTo(12.0);
    }

    @Test
    void durations() {
        assertThat(ProgressText.duration(7.2)).isEqualTo("0:07");
        assertThat(ProgressText.duration(754)).isEqualTo("12:34");
        assertThat(ProgressText.duration(3723)).isEqualTo("1:02:03");
    }

    @Test
    void fitKeepsWholeParts() {
        assertThat(ProgressText.fit(List.of("abc", "def", "ghi"), ", ", 9)).isEqualTo("abc, def");
        assertThat(ProgressText.fit(List.of("abc", "def"), ", ", 8)).isEqualTo("abc, def");
        assertThat(ProgressText.fit(List.of("abc"), ", ", 2)).isEmpty();
    }

    @Test
    void barOnATerminal() throws IOException {
        for (boolean colours : new boolean[] {true, false}) {
            bytes.reset();
            ExternalTerminal terminal = new ExternalTerminal(
                    "test", "xterm", new ByteArrayInputStream(new byte[0]), bytes, StandardCharsets.UTF_8);
            terminal.setSize(Size.of(80, 24));
            try (ProgressDisplay display = new ProgressDisplay(new ProgressBar(terminal, colours), 4)) {
                display.onStep(step(2, 4));
                display.onMessage("a message");
                display.onCompletions(List.of(new CompletionRecord(2, "p", HOSTILE, 1, 0, "stop")));
            }
            assertThat(text()).contains("2/4 ", " 50%", "reward 0.500", "a message", "  > a", "━", "╌");
            assertThat(text()).doesNotContain("\u001b]0;owned", "\u001b[2J", "\u009b", "\u202E");
            assertThat(text().contains("\u001b[36m")).isEqualTo(colours);
            assertThat(text().endsWith("\n")).isTrue();
        }
    }

    /** Rollout 7 is sampled, one waits for its rewards, another is learned from. */
    private static Activity busy() {
        Activity activity = new Activity();
        activity.sampling(6, 4, 32);
        activity.sampled();
        activity.sampling(7, 5, 32);
        for (int sample = 0; sample < 12; sample++) {
            activity.ended();
        }
        activity.training(Span.Work.LEARNING, 5);
        return activity;
    }

    @Test
    @DisplayName("what is sampled, scored and learned from is said in the order in which it is done")
    void activity() {
        Activity activity = busy();
        assertThat(ProgressText.activity(activity.now()))
                .containsExactly("sampling rollout 7 (weights 5) 12/32", "scoring 6", "learning from rollout 5");
        activity.sampled();
        activity.scored(6);
        activity.training(Span.Work.WAITING, 7);
        assertThat(ProgressText.activity(activity.now())).containsExactly("scoring 7", "waiting for rollout 7");
        activity.scored(7);
        activity.training(Span.Work.SAVING, 0);
        assertThat(ProgressText.activity(activity.now())).containsExactly("saving a checkpoint");
        activity.trained();
        assertThat(ProgressText.activity(activity.now())).isEmpty();
    }

    @Test
    @DisplayName("a bar has a line of what the run is doing, which is gone when it ends")
    void activityOnATerminal() throws IOException {
        ExternalTerminal terminal = new ExternalTerminal(
                "test", "xterm", new ByteArrayInputStream(new byte[0]), bytes, StandardCharsets.UTF_8);
        terminal.setSize(Size.of(80, 24));
        try (ProgressDisplay display = new ProgressDisplay(new ProgressBar(terminal, false), 4)) {
            display.onStart(busy());
            display.onStep(step(2, 4));
            assertThat(text()).contains("sampling rollout 7 (weights 5) 12/32 · scoring 6 · learning from rollout 5");
            bytes.reset();
        }
        assertThat(text()).doesNotContain("sampling").endsWith("\n");
    }

    @Test
    @DisplayName(
            "a stream that is no terminal hears of it when nothing else was said for long, and lines of steps stay as"
                    + " they are")
    void activityInLines() throws InterruptedException {
        try (ProgressDisplay display = new ProgressDisplay(new ProgressLines(out, 0, 20_000_000), 4)) {
            Thread.sleep(100);
            assertThat(text()).as("a run that does not tell").isEmpty();
            display.onStart(busy());
            for (int i = 0; i < 500 && text().isEmpty(); i++) {
                Thread.sleep(10);
            }
            display.onStep(step(2, 4));
        }
        List<String> lines = text().lines().toList();
        assertThat(lines.getFirst())
                .isEqualTo("sampling rollout 7 (weights 5) 12/32, scoring 6, learning from rollout 5");
        assertThat(lines).filteredOn(line -> line.startsWith("step ")).hasSize(1);
    }

    private static StepMetrics step(int step, int total) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("reward", 0.5);
        values.put("completions/mean_length", 31.21);
        values.put("entropy", 0.75);
        values.put("tokens_per_s", 1234.4);
        return new StepMetrics(step, total, values);
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
