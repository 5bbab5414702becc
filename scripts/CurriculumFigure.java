// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Figure 9 of the Kimi k1.5 report at small scale: does a run that first draws problems of all kinds and then hard ones only come to a given pass@1
 * on hard problems in fewer samples than one that draws uniformly to the end? docs/rollouts.md has what it found.
 *
 * <pre>
 * ./jacobian --version # builds
 * java -Xmx3g -p cli/target/dist/$(cat cli/target/dist/current) --add-modules dev.jacobian.rl \
 *     scripts/CurriculumFigure.java out/curriculum                # all runs, those that are there already aside
 * java ... scripts/CurriculumFigure.java out/curriculum draw      # their picture, docs/images/curriculum.svg
 * </pre>
 *
 * <p>Problems are Countdown with three numbers, each with the pass rate of eight samples of the bundled model before training, as
 * {@code jacobian prompts difficulty} measures it. Hard ones were never solved. Trained on is a pool of 1024, measured on 200
 * hard problems that are held out.
 */
class CurriculumFigure {
    private static final int POOL = 1024;
    private static final int HELD_OUT = 900;
    private static final int HARD_ONES = 200;
    private static final double EASIEST_HARD = 0;
    private static final int STEPS = 30;
    private static final int WARM_UP = 10;
    private static final int EVERY = 5;
    private static final int SAMPLES_OF_STEP = 16 * 8;
    private static final int SEEDS = 3;
    private static final List<String> ARMS = List.of("uniform", "uniform_then_hard");

    void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT); // of the numbers in the picture
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        if (args.length > 1 && args[1].equals("draw")) {
            draw(folder);
            return;
        }
        Measured task = measured(folder.resolve("pass-rates.json"));
        for (int seed = 0; seed < SEEDS; seed++) {
            for (String arm : args.length > 1 ? List.of(args[1].split(",")) : ARMS) {
                Path file = folder.resolve(arm + "-" + seed + ".json");
                if (!Files.exists(file)) {
                    Json.write(file, run(task, arm, seed));
                }
            }
        }
    }

    // Runs

    private static CausalLM model() {
        return CausalLM.load(Path.of("models/countdown-0.6m"));
    }

    /** Problems with their pass rates before training; measured once. */
    private static Measured measured(Path file) {
        Countdown countdown = Countdown.small();
        Map<String, Problem> train = new LinkedHashMap<>();
        countdown.trainProblems(0, 0, POOL).forEach(problem -> train.putIfAbsent(problem.id(), problem));
        List<Problem> heldOut = countdown.evalProblems(HELD_OUT);
        if (!Files.exists(file)) {
            CausalLM model = model();
            ObjectNode rates = Json.object();
            passRates(model, countdown, List.copyOf(train.values()), rates);
            passRates(model, countdown, heldOut, rates);
            Json.write(file, rates);
        }
        JsonNode rates = Json.read(file);
        List<Problem> pool = train.values().stream()
                .map(problem -> {
                    Map<String, Object> columns =
                            new LinkedHashMap<>(problem.columns().values());
                    columns.put("pass_rate", rates.get(problem.id()).doubleValue());
                    return new Problem(problem.id(), problem.prompt(), columns);
                })
                .toList();
        List<Problem> hard = heldOut.stream()
                .filter(problem -> rates.get(problem.id()).doubleValue() <= EASIEST_HARD)
                .limit(HARD_ONES)
                .toList();
        return new Measured(countdown, pool, hard);
    }

    private static void passRates(CausalLM model, Task task, List<Problem> problems, ObjectNode rates) {
        CompletionText texts = new CompletionText(model);
        for (int from = 0; from < problems.size(); from += 32) {
            List<RolloutTask.Request> requests = new ArrayList<>();
            for (int i = from; i < Math.min(from + 32, problems.size()); i++) {
                requests.add(new RolloutTask.Request(problems.get(i), (1L << 49) + i, 8));
            }
            RolloutTask work = new RolloutTask(requests, GenerationConfig.sampling(144, 1f, 0), 0);
            for (ScoredGroup group : Scoring.score(Rollouts.local(model, task).run(work), texts, task)) {
                double solved = 0;
                for (boolean one : group.solved()) {
                    solved += one ? 1 : 0;
                }
                rates.put(group.group().problem().id(), solved / group.solved().length);
            }
        }
    }

    /** Pass@1 on hard problems against samples. */
    private static ObjectNode run(Task task, String arm, int seed) {
        RlConfig.Builder config = RlConfig.builder()
                .maxSteps(STEPS)
                .promptsPerStep(SAMPLES_OF_STEP / 8)
                .numGenerations(8)
                .maxCompletionLength(144)
                .learningRate(1e-4)
                .set("adam_beta2", 0.99)
                .set("curriculum", arm)
                .set("kl_samples", 0)
                .set("seed", seed)
                .evalSteps(EVERY)
                .evalProblems(HARD_ONES)
                .finalEvalProblems(HARD_ONES);
        if (arm.equals("uniform_then_hard")) {
            config.set("curriculum_steps", WARM_UP)
                    .set("difficulty_column", "pass_rate")
                    .set("curriculum_threshold", 1 - EASIEST_HARD);
        }
        ObjectNode points = Json.object();
        new RlTrainer(model(), task, config.build())
                .listener(TrainingListener.eachStep(step -> {
                    if (step.values().containsKey("pass@1")) {
                        points.put(
                                String.valueOf(step.step() * SAMPLES_OF_STEP),
                                step.values().get("pass@1"));
                        System.out.println(arm + " " + seed + " " + step.step() + " "
                                + step.values().get("pass@1"));
                    }
                }))
                .train();
        return points;
    }

    /** A pool of problems to train on, and hard ones to measure. */
    private record Measured(Task countdown, List<Problem> pool, List<Problem> hard) implements Task {
        @Override
        public String name() {
            return "hard-countdown";
        }

        @Override
        public Problem trainProblem(long seed, long index) {
            return pool.get((int) (index % pool.size()));
        }

        @Override
        public int trainSize() {
            return pool.size();
        }

        @Override
        public List<Problem> evalProblems(int count) {
            return hard.subList(0, count);
        }

        @Override
        public int evalSize() {
            return hard.size();
        }

        @Override
        public WeightedRewards rewards() {
            return countdown.rewards();
        }
    }

    // The picture

    private static final int WIDTH = 640;
    private static final int HEIGHT = 330;
    private static final int LEFT = 60;
    private static final int BOTTOM = 280;
    private static final int TOP = 50;
    private static final int RIGHT = 480;
    private static final Map<String, String> COLOURS =
            Map.of("uniform", "#8a8f98", "uniform_then_hard", "#1f6feb", "prioritized", "#1a7f37");

    private static void draw(Path folder) throws IOException {
        int most = STEPS * SAMPLES_OF_STEP;
        StringBuilder svg = new StringBuilder("""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img">
            <title>Pass@1 on hard Countdown against samples, uniform and uniform, then hard only</title>
            <style>
            text { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; fill: #646a73; }
            .caption { font-size: 15px; font-weight: 600; fill: #1d2127; } .seed, .mean { fill: none; stroke-linejoin: round; }
            .seed { opacity: 0.3; } .mean { stroke-width: 2.5; }
            </style>
            <rect width="%d" height="%d" fill="#ffffff"/>
            <text class="caption" x="%d" y="24">Pass@1 on problems that were never solved before training</text>
            """.formatted(WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT));
        for (int tenth = 0; tenth <= 8; tenth += 2) {
            double y = y(tenth / 10.0);
            svg.append("<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e8e7e3\"/>%n"
                    .formatted(LEFT, RIGHT, y, y));
            svg.append("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>%n"
                    .formatted(LEFT - 6, y + 4, 10 * tenth));
        }
        for (int samples = 0; samples <= most; samples += most / 3) {
            svg.append("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>%n"
                    .formatted(x(samples, most), BOTTOM + 18, samples));
        }
        svg.append("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">samples</text>%n"
                .formatted((LEFT + RIGHT) / 2, BOTTOM + 38));
        double change = x(WARM_UP * SAMPLES_OF_STEP, most);
        svg.append("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#c9c8c3\" stroke-dasharray=\"4 3\"/>%n"
                .formatted(change, change, TOP, BOTTOM));
        svg.append("<text x=\"%.1f\" y=\"%d\">hard only from here</text>%n".formatted(change + 5, TOP + 10));
        int label = 0;
        for (String arm : ARMS) {
            Map<Integer, Double> mean = new TreeMap<>();
            int seeds = 0;
            for (int seed = 0; seed < SEEDS; seed++) {
                Path file = folder.resolve(arm + "-" + seed + ".json");
                if (Files.exists(file)) {
                    Map<Integer, Double> points = new TreeMap<>();
                    Json.read(file)
                            .properties()
                            .forEach(point -> points.put(
                                    Integer.valueOf(point.getKey()),
                                    point.getValue().doubleValue()));
                    points.forEach((samples, rate) -> mean.merge(samples, rate, Double::sum));
                    svg.append(line(points, 1, most, arm, "seed"));
                    seeds++;
                }
            }
            svg.append(line(mean, seeds, most, arm, "mean"));
            svg.append("<text x=\"%d\" y=\"%d\" style=\"fill: %s; font-weight: 600\">%s</text>%n"
                    .formatted(RIGHT + 10, TOP + 20 + 20 * label++, COLOURS.get(arm), arm));
            for (double wanted : new double[] {0.3, 0.4, 0.5, 0.6}) {
                System.out.println(arm + " reaches " + wanted + " after " + reached(mean, seeds, wanted) + " samples");
            }
        }
        svg.append("</svg>\n");
        Files.writeString(Path.of("docs/images/curriculum.svg"), svg.toString());
    }

    /** Where a mean curve comes to a height, between its points. */
    private static long reached(Map<Integer, Double> sums, int seeds, double wanted) {
        double before = 0;
        int from = 0;
        for (Map.Entry<Integer, Double> point : sums.entrySet()) {
            double rate = point.getValue() / seeds;
            if (rate >= wanted) {
                return Math.round(from + (point.getKey() - from) * (wanted - before) / (rate - before));
            }
            before = rate;
            from = point.getKey();
        }
        return -1;
    }

    private static String line(Map<Integer, Double> points, int divisor, int most, String arm, String kind) {
        StringBuilder text = new StringBuilder();
        points.forEach((samples, rate) -> text.append("%.1f,%.1f ".formatted(x(samples, most), y(rate / divisor))));
        return "<polyline class=\"%s\" stroke=\"%s\" points=\"%s\"/>%n"
                .formatted(kind, COLOURS.get(arm), text.toString().strip());
    }

    private static double x(double samples, double most) {
        return LEFT + (RIGHT - LEFT) * samples / most;
    }

    private static double y(double rate) {
        return BOTTOM - (BOTTOM - TOP) * rate / 0.8;
    }
}
