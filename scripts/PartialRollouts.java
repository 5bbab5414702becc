// SPDX-License-Identifier: Apache-2.0

import com.sun.management.OperatingSystemMXBean;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlResult;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What partial rollouts save, and what they cost: GRPO of the bundled model on Countdown, whose searches have a heavy tail, with and
 * without a budget of tokens, three seeds each. docs/rollouts.md has what it printed and the picture that it draws.
 *
 * <pre>
 * java -p "$(./jacobian --module-path)" --add-modules dev.jacobian.rl scripts/PartialRollouts.java [PICTURE.svg [STEPS [BUDGET]]]
 * </pre>
 */
class PartialRollouts {
    /** Steps that are not measured: nothing has waited yet. */
    private static final int WARM_UP = 4;

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private static final int SMOOTHED = 5;

    /**
     * A step of a run.
     *
     * @param sequential tokens one after another that its samples took
     * @param cpuSeconds processors' time, which says something on a machine that others use too
     * @param age rollouts between the weights that chose a token and those that sampled last
     */
    record Step(double reward, double sequential, double cpuSeconds, double age) {}

    record Run(List<Step> steps, RlResult result) {
        double mean(ToDoubleFunction<Step> of) {
            return steps.subList(WARM_UP, steps.size()).stream()
                    .mapToDouble(of)
                    .average()
                    .orElseThrow();
        }

        double late() {
            return steps.subList(steps.size() - 8, steps.size()).stream()
                    .mapToDouble(Step::reward)
                    .average()
                    .orElseThrow();
        }
    }

    void main(String[] args) throws IOException {
        int steps = args.length > 1 ? Integer.parseInt(args[1]) : 20;
        int budget = args.length > 2 ? Integer.parseInt(args[2]) : 48;
        List<List<Run>> variants = List.of(new ArrayList<>(), new ArrayList<>());
        run(8, 8, budget); // so that the first run is no slower than the others
        IO.println("budget  seed  tokens one after another  CPU s/step  reward at the end  pass@1  mean age");
        for (int seed = 0; seed < 3; seed++) {
            for (int v = 0; v < 2; v++) {
                Run run = run(seed, steps, v * budget);
                variants.get(v).add(run);
                IO.println(String.format(
                        Locale.ROOT,
                        "%6s  %4d  %24.1f  %10.3f  %17.3f  %5.1f%%  %8.2f",
                        v == 0 ? "none" : budget,
                        seed,
                        run.mean(Step::sequential),
                        run.mean(Step::cpuSeconds),
                        run.late(),
                        100 * run.result.passAt1After(),
                        run.mean(Step::age)));
            }
        }
        if (args.length > 0) {
            Files.writeString(Path.of(args[0]), picture(variants, budget));
        }
    }

    private static Run run(int seed, int maxSteps, int budget) {
        RlConfig.Builder config = RlConfig.builder()
                .maxSteps(maxSteps)
                .promptsPerStep(16)
                .numGenerations(8)
                .maxCompletionLength(144)
                .learningRate(2e-4)
                .evalSteps(0)
                .finalEvalProblems(200)
                .klSamples(0)
                .seed(seed);
        if (budget > 0) {
            config.rolloutTokenBudget(budget);
        }
        long[] last = {0};
        List<Step> steps = new ArrayList<>();
        RlResult result = new RlTrainer(
                        CausalLM.load(Path.of("models/countdown-0.6m")), Countdown.small(), config.build())
                .listener(TrainingListener.eachStep(step -> {
                    if (step.step() > 0) {
                        steps.add(new Step(
                                step.get("reward"),
                                step.values()
                                        .getOrDefault("rollout/sequential_tokens", step.get("completions/max_length")),
                                (PROCESS.getProcessCpuTime() - last[0]) / 1e9,
                                step.values().getOrDefault("rollout/age/mean", 0.0)));
                    }
                    last[0] = PROCESS.getProcessCpuTime();
                }))
                .train();
        return new Run(steps, result);
    }

    // The picture

    private static final String[] COLOURS = {"#8a8f98", "#1f6feb"};

    private static String picture(List<List<Run>> variants, int budget) {
        StringBuilder svg = new StringBuilder("""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 330" role="img">
            <title>Partial rollouts on countdown, countdown-0.6m</title>
            <style>
            .page { fill: #ffffff; } .axis { stroke: #c9c8c3; } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
            text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; fill: #646a73; }
            .caption { font-size: 16px; font-weight: 600; fill: #1d2127; }
            </style>
            <rect class="page" width="880" height="330"/>
            """);
        panel(svg, variants, 40, "Reward, by step", Step::reward, 0);
        panel(svg, variants, 480, "Tokens one after another that a step waits for", Step::sequential, 0);
        legend(svg, 40, COLOURS[0], "samples run to their end");
        legend(svg, 260, COLOURS[1], "rollout_token_budget=" + budget);
        return svg.append("</svg>\n").toString();
    }

    private static void legend(StringBuilder svg, int x, String colour, String text) {
        svg.append("<rect x=\"%d\" y=\"306\" width=\"14\" height=\"4\" fill=\"%s\"/>".formatted(x, colour))
                .append("<text x=\"%d\" y=\"312\">%s, mean of 3 seeds</text>\n".formatted(x + 20, text));
    }

    private static void panel(
            StringBuilder svg,
            List<List<Run>> variants,
            int left,
            String caption,
            ToDoubleFunction<Step> of,
            double low) {
        List<double[]> lines =
                variants.stream().map(runs -> smooth(mean(runs, of))).toList();
        double high = lines.stream()
                .flatMapToDouble(line -> IntStream.range(0, line.length).mapToDouble(i -> line[i]))
                .max()
                .orElseThrow();
        int width = 360;
        int bottom = 280;
        int height = 220;
        svg.append("<text class=\"caption\" x=\"%d\" y=\"30\">%s</text>\n".formatted(left, caption));
        for (int tick = 0; tick <= 4; tick++) {
            double value = low + (high - low) * tick / 4;
            int y = bottom - height * tick / 4;
            svg.append("<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>"
                            .formatted(left, y, left + width, y))
                    .append(String.format(
                            Locale.ROOT,
                            "<text x=\"%d\" y=\"%d\">%s</text>\n",
                            left + width + 6,
                            y + 4,
                            high > 10 ? "%.0f".formatted(value) : String.format(Locale.ROOT, "%.2f", value)));
        }
        for (int v = 0; v < lines.size(); v++) {
            double[] line = lines.get(v);
            svg.append("<polyline class=\"line\" stroke=\"").append(COLOURS[v]).append("\" points=\"");
            for (int i = 0; i < line.length; i++) {
                svg.append(String.format(
                        Locale.ROOT,
                        "%.1f,%.1f ",
                        left + width * (double) i / (line.length - 1),
                        bottom - height * (line[i] - low) / (high - low)));
            }
            svg.append("\"/>\n");
        }
    }

    private static double[] mean(List<Run> runs, ToDoubleFunction<Step> of) {
        double[] mean = new double[runs.getFirst().steps.size()];
        for (Run run : runs) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += of.applyAsDouble(run.steps.get(i)) / runs.size();
            }
        }
        return mean;
    }

    /** Means of the last steps, so that lines can be told from their noise. */
    private static double[] smooth(double[] raw) {
        double[] smooth = new double[raw.length];
        for (int i = 0; i < raw.length; i++) {
            int from = Math.max(0, i - SMOOTHED + 1);
            smooth[i] = IntStream.rangeClosed(from, i)
                    .mapToDouble(k -> raw[k])
                    .average()
                    .orElseThrow();
        }
        return smooth;
    }
}
