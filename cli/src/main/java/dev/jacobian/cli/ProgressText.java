// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.CompletionRecord;
import dev.jacobian.rl.observe.StepMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.stream.Collectors;

/** The words of a progress display. */
final class ProgressText {
    private static final int PROMPT_LINES = 3;
    private static final int COMPLETION_LINES = 6;
    private static final int LINE_LENGTH = 200;

    private ProgressText() {}

    /** What is worth watching of the latest step, the most important first, such as {@code reward 0.532}. */
    static List<String> metrics(ProgressState state) {
        StepMetrics step = state.latest();
        List<String> parts = new ArrayList<>();
        add(parts, step, "reward", value -> "reward " + decimal(value));
        if (Double.isNaN(step.get("reward"))) {
            add(parts, step, "loss", value -> "loss " + decimal(value));
        }
        state.passAt1().ifPresent(value -> parts.add("pass@1 " + percent(value)));
        add(parts, step, "rewards/left_out", value -> String.format(Locale.ROOT, "%.0f without reward", value));
        add(parts, step, "rewards/accuracies", value -> "preferred " + percent(value));
        add(parts, step, "rewards/margins", value -> "margin " + decimal(value));
        add(parts, step, "mean_token_accuracy", value -> "tokens right " + percent(value));
        add(parts, step, "completions/mean_length", value -> "length " + decimal(value));
        add(parts, step, "entropy", value -> "entropy " + decimal(value));
        add(parts, step, "tokens_per_s", value -> String.format(Locale.ROOT, "%.0f tok/s", value));
        return parts;
    }

    /** What a run is doing, such as {@code sampling rollout 7 (weights 5) 12/32}; nothing where it does not tell. */
    static List<String> activity(Activity.Now now) {
        List<String> parts = new ArrayList<>();
        now.sampling()
                .ifPresent(sampling -> parts.add(String.format(
                        Locale.ROOT,
                        "sampling rollout %d (weights %d) %d/%d",
                        sampling.rollout(),
                        sampling.weights(),
                        sampling.done(),
                        sampling.of())));
        if (!now.scoring().isEmpty()) {
            parts.add(now.scoring().stream().map(String::valueOf).collect(Collectors.joining(", ", "scoring ", "")));
        }
        now.training().map(ProgressText::training).ifPresent(parts::add);
        return parts;
    }

    private static String training(Activity.Training training) {
        return switch (training.work()) {
            case WAITING -> "waiting for rollout " + training.rollout();
            case LEARNING -> "learning from rollout " + training.rollout();
            case MEASURING -> "measuring pass@1";
            case SAVING -> "saving a checkpoint";
            case SAMPLING, SCORING, IDLE, SWITCHING -> training.work().name().toLowerCase(Locale.ROOT);
        };
    }

    /** The longest beginning of {@code parts} that fits into {@code width} characters. */
    static String fit(List<String> parts, String separator, int width) {
        StringBuilder line = new StringBuilder();
        for (String part : parts) {
            String more = line.isEmpty() ? part : separator + part;
            if (line.length() + more.length() > width) {
                break;
            }
            line.append(more);
        }
        return line.toString();
    }

    /** {@code 0:07}, {@code 12:34} or {@code 1:02:03}. */
    static String duration(double seconds) {
        long s = Math.round(seconds);
        return s < 3600
                ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    }

    /** A completion with the end of its prompt, as a few lines. */
    static List<String> sample(CompletionRecord sample) {
        List<String> lines = new ArrayList<>();
        String cut = sample.finishReason().equals("length") ? ", cut off at the length limit" : "";
        lines.add("sample of step " + sample.step() + ", reward " + decimal(sample.reward()) + cut);
        List<String> prompt = wrapped(sample.prompt());
        if (prompt.size() > PROMPT_LINES) {
            prompt = prompt.subList(prompt.size() - PROMPT_LINES, prompt.size());
        }
        prompt.forEach(line -> lines.add("  : " + line));
        List<String> completion = wrapped(sample.completion());
        completion.stream().limit(COMPLETION_LINES).forEach(line -> lines.add("  > " + line));
        if (completion.size() > COMPLETION_LINES) {
            lines.add("  > ... (" + (completion.size() - COMPLETION_LINES) + " more lines)");
        }
        return lines;
    }

    /**
     * Text that can do nothing to a terminal: control characters and invisible format characters, such as those that
     * reverse the order of what follows, become visible replacements. Line ends too: split before.
     */
    static String printable(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            int type = Character.getType(c);
            if (c == '\t') {
                out.append(' ');
            } else if (c < 0x20) {
                out.appendCodePoint(0x2400 + c); // the picture of the control character
            } else if (type == Character.CONTROL
                    || type == Character.FORMAT
                    || type == Character.SURROGATE
                    || type == Character.LINE_SEPARATOR
                    || type == Character.PARAGRAPH_SEPARATOR) {
                out.append('\uFFFD');
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }

    private static List<String> wrapped(String text) {
        return text.strip()
                .lines()
                .map(ProgressText::printable)
                .map(ProgressText::shortened)
                .toList();
    }

    private static String shortened(String line) {
        return line.codePointCount(0, line.length()) <= LINE_LENGTH
                ? line
                : line.substring(0, line.offsetByCodePoints(0, LINE_LENGTH)) + " ...";
    }

    private static void add(List<String> parts, StepMetrics step, String name, DoubleFunction<String> format) {
        double value = step.get(name);
        if (!Double.isNaN(value)) {
            parts.add(format.apply(value));
        }
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f%%", 100 * share);
    }

    /** About three digits, never an exponent for ordinary values. */
    private static String decimal(double value) {
        double size = Math.abs(value);
        String format = size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1e-3 || size == 0 ? "%.3f" : "%.1e";
        return String.format(Locale.ROOT, format, value);
    }
}
