// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.evaluation.Confidence;
import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.Evaluation;
import dev.jacobian.rl.evaluation.EvaluationConfig;
import dev.jacobian.rl.evaluation.EvaluationFolder;
import dev.jacobian.rl.evaluation.Evaluator;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.ProcessRewardModel;
import dev.jacobian.rl.judge.RewardModel;
import dev.jacobian.rl.metric.Smoothing;
import dev.jacobian.rl.report.ComparisonPage;
import dev.jacobian.rl.report.ScalingPage;
import dev.jacobian.rl.reward.Reward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.scaling.Attempts;
import dev.jacobian.rl.scaling.SampleCurves;
import dev.jacobian.rl.scaling.ScalingCurve;
import dev.jacobian.rl.scaling.ScalingPoint;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian eval}: what models can do on held-out problems, and how sure that is. */
@Command(
        name = "eval",
        header = "Measure models on held-out problems.",
        description = {
            "One model on one task, or with several --model and a --suite all of them on all. Intervals come from the"
                    + " deviation between problems.",
            "A suite is a JSON array of objects, each a data set: keys are this command's options (task, data,"
                    + " difficulty, problems, few_shot, few_shot_data …) and 'name'."
        })
final class EvalCommand extends CliCommand {
    private static final int USUAL_PROBLEMS = 500;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Checkpoint to measure (default: the bundled model); several are compared.")
    private List<Path> models = List.of();

    @Mixin
    private WeightsOption weights;

    @Mixin
    private KvCacheOption kvCache;

    @Mixin
    private TaskOption task;

    @Mixin
    private FewShotOption fewShot;

    @Mixin
    private EnvironmentOption environment;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "A setting of the --environment, such as --set max_turns=4, or of how rewards are called:"
                    + " reward_timeout, reward_error_budget, reward_concurrency; may be repeated.")
    private List<String> assignments = List.of();

    @Mixin
    private SamplingOptions sampling;

    @Mixin
    private ScalingOption scaling;

    @Option(
            names = "--suite",
            paramLabel = "FILE",
            description = "Several data sets, in the place of --task and --data.")
    private Optional<Path> suite = Optional.empty();

    @Option(
            names = "--problems",
            paramLabel = "N",
            description =
                    "Problems to measure (default: all rows of --data; 500 of another task). Of --data the rows that"
                            + " rl holds out of training come first.")
    private Optional<Integer> problems = Optional.empty();

    @Option(
            names = "--samples",
            paramLabel = "K",
            description = "Completions per problem; above 1 pass@K, maj@K and Self-BLEU are measured too (default: 1).")
    private Optional<Integer> givenSamples = Optional.empty();

    @Option(
            names = "--k",
            paramLabel = "K",
            split = ",",
            description = "Estimate pass@k and maj@k for these too, without bias (default: 1 and --samples).")
    private List<Integer> ks = List.of();

    @Option(
            names = "--best-of",
            paramLabel = "DIR",
            description =
                    "A reward model that chooses among the samples of a problem: best@k is how often it is right.")
    private Optional<Path> chooser = Optional.empty();

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "144",
            description = "Limit of tokens per completion (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(names = "--greedy", description = "Take the most likely token instead of sampling.")
    private boolean greedy;

    @Option(
            names = "--confidence",
            paramLabel = "X",
            defaultValue = "0.95",
            description = "How often intervals contain the truth (default: ${DEFAULT-VALUE}).")
    private double confidence;

    @Option(
            names = "--interval",
            paramLabel = "METHOD",
            defaultValue = "clustered",
            description = "clustered (in closed form; Wilson's for shares) or bootstrap (over problems) (default:"
                    + " ${DEFAULT-VALUE}).")
    private String interval;

    @Option(
            names = "--smoothing",
            paramLabel = "NAME",
            defaultValue = "method1",
            description =
                    "Of Self-BLEU, as NLTK has it: none, method1, method3 or method4 (default: ${DEFAULT-VALUE}).")
    private String smoothing;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Keep all samples and numbers there, a folder for each of several models, and a page"
                    + " (comparison.html).")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--compare",
            paramLabel = "DIR",
            description = "Show what an earlier eval --out kept on that page too; may be repeated.")
    private List<Path> earlier = List.of();

    EvalCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        scaling.check(this);
        if (problems.orElse(1) < 1 || samples() < 1 || maxNewTokens < 1) {
            throw usage("--problems, --samples and --max-new-tokens must be at least 1");
        }
        if (greedy && samples() > 1) {
            throw usage("--greedy gives the same completion every time; leave out --samples");
        }
        if (suite.isPresent() && task.given().isPresent()) {
            throw usage("--suite names its data sets itself; leave out --task and --data");
        }
        if (suite.isPresent()) {
            task.refuseOfOne(this, "--suite");
            task.refuseRewards(this, "--suite");
            if (fewShot.isGiven()) {
                throw usage("--few-shot is of one task; write it into the objects of --suite, as few_shot and"
                        + " few_shot_data");
            }
        }
        if (!earlier.isEmpty() && out.isEmpty()) {
            throw usage("--compare adds to the page of --out; name a folder for it");
        }
        EvaluationSet.check(task, this);
        environment.check(this);
        fewShot.check(this);
        try {
            config();
        } catch (IllegalArgumentException wrong) {
            throw usage(wrong.getMessage());
        }
    }

    private int samples() {
        return givenSamples.orElse(scaling.isAsked() && !greedy ? ScalingOption.USUAL_SAMPLES : 1);
    }

    private List<Integer> ks() {
        if (!ks.isEmpty()) {
            return ks;
        }
        return scaling.isAsked() ? SampleCurves.powers(samples()) : List.of(1, samples());
    }

    private GenerationConfigBuilder generation() {
        return sampling.applyTo(GenerationConfig.builder()).doSample(!greedy).seed(common().seed());
    }

    private EvaluationConfig config() {
        return new EvaluationConfig(
                samples(),
                ks(),
                generation().maxNewTokens(maxNewTokens).build(),
                choice(Smoothing.class, "--smoothing", smoothing),
                new Confidence(
                        confidence,
                        choice(Confidence.Method.class, "--interval", interval),
                        Confidence.DEFAULT.resamples(),
                        common().seed()));
    }

    private static <E extends Enum<E>> E choice(Class<E> type, String option, String name) {
        List<String> names = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            names.add(constant.name().toLowerCase(Locale.ROOT));
            if (names.getLast().equals(name)) {
                return constant;
            }
        }
        throw new IllegalArgumentException(option + " takes " + String.join(", ", names) + ", not '" + name + "'");
    }

    /** What the policy talks with, if something; its problems are its own where no others are named. */
    private Optional<EnvironmentChoice> chosen() {
        Given all = RewardCalls.without(Settings.given(assignments));
        boolean ownProblems = task.given().isEmpty() && suite.isEmpty();
        Optional<EnvironmentChoice> chosen = environment.choice(all, ownProblems);
        environment.without(all).keys().stream().findFirst().ifPresent(key -> {
            throw new CliException("--set " + key + ": eval has " + RewardCalls.keys()
                    + " and the settings of an --environment, and "
                    + chosen.map(choice -> "'" + choice.kind().name() + "' has no such one")
                            .orElse("none is named")
                    + "; jacobian environments lists them");
        });
        return chosen;
    }

    private String name(Optional<EnvironmentChoice> chosen) {
        return chosen.filter(EnvironmentChoice::ownProblems)
                .map(choice -> choice.kind().name())
                .orElse(task.title());
    }

    /** What is asked of a model. */
    private Task asked(EvaluationSet set, Optional<EnvironmentChoice> chosen, CausalLM policy, Streams told) {
        if (chosen.filter(EnvironmentChoice::ownProblems).isPresent()) {
            return chosen.get().task(Optional.empty(), policy);
        }
        Task asked = set.task(policy, maxNewTokens, told, this::modelOptions);
        return chosen.map(choice -> choice.task(Optional.of(asked), policy)).orElse(asked);
    }

    /**
     * A data set as it is asked of a model.
     *
     * @param problems how many
     */
    private record Asked(EvaluationSet set, Task task, int problems) {}

    /**
     * All that a model is asked, read and checked before the first sample: a fault in the last set costs no hours with the others.
     *
     * @param all what is ready, also when it fails
     */
    private void prepare(
            List<EvaluationSet> sets,
            Optional<EnvironmentChoice> chosen,
            CausalLM policy,
            Streams told,
            List<Asked> all) {
        for (EvaluationSet set : sets) {
            Task asking = asked(set, chosen, policy, told);
            all.add(new Asked(set, asking, 0));
            int count = set.count(asking, USUAL_PROBLEMS);
            new PromptCheck(policy, maxNewTokens).longest(asking, asking.evalProblems(count));
            all.set(all.size() - 1, new Asked(set, asking, count));
        }
    }

    /** Tries the sets on each model before the first is measured: a later one may be broken, or have no room for a prompt. */
    private void tryAll(List<Path> folders, List<EvaluationSet> sets, Optional<EnvironmentChoice> chosen) {
        for (Path folder : folders) {
            List<Asked> all = new ArrayList<>();
            CausalLM policy = load(folder);
            try {
                prepare(sets, chosen, policy, streams().withoutNotes(), all);
            } finally {
                close(all);
                policy.close();
            }
        }
    }

    private CausalLM load(Path folder) {
        return kvCache.limit(weights.load(folder, kvCache.in(modelOptions(folder))));
    }

    private static void close(List<Asked> all) {
        all.forEach(asked -> asked.task().environment().ifPresent(Environment::close));
    }

    @Override
    void execute() {
        Optional<EnvironmentChoice> chosen = chosen();
        RewardCallConfig calls = RewardCalls.of(Settings.given(assignments));
        List<EvaluationSet> sets = suite.map(file -> EvaluationSet.read(file, this, problems))
                .orElseGet(() -> List.of(new EvaluationSet(name(chosen), task, fewShot, problems)));
        List<Path> folders = models.isEmpty() ? List.of(BundledModel.folder()) : models;
        folders.forEach(ModelOption::existing);
        Optional<WeightedRewards> choosing = chooser.map(folder -> WeightedRewards.of(rewardModel(folder)));
        Optional<ProcessRewardModel> judge = scaling.judge(this::modelOptions);
        List<ScalingPage.Section> scaled = new ArrayList<>();
        List<SavedEvaluation> kept = new ArrayList<>();
        for (Path folder : earlier) {
            kept.addAll(SavedEvaluation.read(folder));
        }
        List<String> names = names(folders);
        List<Path> keeping = new ArrayList<>();
        ArrayNode all = Json.object().arrayNode();
        boolean single = folders.size() == 1 && sets.size() == 1;
        List<Optional<EvaluationFolder>> keeps = new ArrayList<>();
        for (String name : names) {
            keeps.add(out.map(root -> folders.size() == 1 ? root : root.resolve(name))
                    .map(place -> {
                        keeping.add(place);
                        return new EvaluationFolder(place, name);
                    }));
        }
        if (folders.size() > 1) {
            tryAll(folders, sets, chosen);
        }
        for (int m = 0; m < folders.size(); m++) {
            String name = names.get(m);
            Optional<EvaluationFolder> keep = keeps.get(m);
            List<Asked> asked = new ArrayList<>();
            CausalLM policy = load(folders.get(m));
            try {
                prepare(sets, chosen, policy, streams(), asked);
                Evaluator plain = new Evaluator(policy, config()).calling(calls);
                Evaluator evaluator = choosing.map(plain::choosingBy).orElse(plain);
                for (Asked asking : asked) {
                    EvaluationSet set = asking.set();
                    Evaluation result = evaluator.run(asking.task(), asking.problems());
                    List<ScalingCurve> curves = scaling.isAsked()
                            ? scaling.curves(result, attempts(policy, asking, calls), judge, maxNewTokens)
                            : List.of();
                    result.failures().note().ifPresent(note -> streams().note(set.name() + ": " + note));
                    keep.ifPresent(place -> place.add(result.named(set.name())));
                    ObjectNode json = json(set.name(), result);
                    chosen.ifPresent(
                            choice -> json.put("environment", choice.kind().name()));
                    if (scaling.isAsked()) {
                        scaled.add(new ScalingPage.Section(name, set.name(), result.problems(), confidence, curves));
                        json.set("scaling", json(curves));
                    }
                    if (single) {
                        print(json, result);
                        print(curves);
                        continue;
                    }
                    ObjectNode named = Json.object().put("model", name).setAll(json);
                    all.add(named);
                    if (!common().json()) {
                        streams().line(name + " on " + set.name());
                        print(json, result);
                        print(curves);
                        streams().line("");
                    }
                }
            } finally {
                close(asked);
                policy.close();
            }
        }
        if (!single && common().json()) {
            streams().json(Json.object().set("evaluations", all));
        }
        keeping.forEach(place -> kept.addAll(SavedEvaluation.read(place)));
        out.ifPresent(root -> {
            ComparisonPage.write(root.resolve("comparison.html"), kept);
            streams().note("samples and numbers: " + root + " (open " + root.resolve("comparison.html") + ")");
            if (scaling.isAsked()) {
                keep(scaled, root);
            }
        });
    }

    /** What other ways to spend tokens than more samples need. */
    private Attempts attempts(CausalLM policy, Asked asking, RewardCallConfig calls) {
        return new Attempts(
                policy,
                asking.task(),
                asking.task().evalProblems(asking.problems()),
                this::generation,
                calls,
                config().confidence());
    }

    private void keep(List<ScalingPage.Section> scaled, Path root) {
        ArrayNode all = Json.object().arrayNode();
        for (ScalingPage.Section section : scaled) {
            ObjectNode json = Json.object().put("model", section.model()).put("task", section.task());
            json.put("problems", section.problems());
            json.put("confidence", section.confidence());
            json.set("curves", json(section.curves()));
            all.add(json);
        }
        Json.write(root.resolve("scaling.json"), Json.object().set("scaling", all));
        ScalingPage.write(root.resolve("scaling.html"), scaled);
        streams().note("test-time compute: open " + root.resolve("scaling.html"));
    }

    private static ArrayNode json(List<ScalingCurve> curves) {
        ArrayNode all = Json.object().arrayNode();
        curves.forEach(curve -> all.add(curve.toJson()));
        return all;
    }

    private void print(List<ScalingCurve> curves) {
        if (common().json()) {
            return;
        }
        for (ScalingCurve curve : curves) {
            streams().line(curve.name() + ": " + curve.about());
            for (ScalingPoint point : curve.points()) {
                Estimate accuracy = point.accuracy();
                streams()
                        .line(String.format(
                                Locale.ROOT,
                                "  %-14s %8.1f tokens   %.4f   %.4f to %.4f",
                                point.setting(),
                                point.tokens(),
                                accuracy.value(),
                                accuracy.low(),
                                accuracy.high()));
            }
        }
    }

    private Reward rewardModel(Path folder) {
        ModelOptions there = modelOptions(ModelOption.existing(folder, "--best-of"));
        return new RewardModel(HeldModel.resident(CausalLM.load(folder, there)));
    }

    /** The models' folders' names, made different. */
    private static List<String> names(List<Path> folders) {
        List<String> names = new ArrayList<>();
        for (Path folder : folders) {
            Path last = folder.toAbsolutePath().normalize().getFileName();
            String name = last == null ? "model" : last.toString();
            String unused = name;
            for (int i = 2; names.contains(unused); i++) {
                unused = name + "-" + i;
            }
            names.add(unused);
        }
        return names;
    }

    private static ObjectNode json(String name, Evaluation result) {
        ObjectNode json = Json.object();
        json.put("task", name);
        json.put("problems", result.problems());
        json.put("samples", result.config().samples());
        ObjectNode intervals = Json.object();
        result.metrics().forEach((metric, estimate) -> {
            json.put(metric, estimate.value());
            if (Double.isFinite(estimate.low()) && Double.isFinite(estimate.high())) {
                intervals.putArray(metric).add(estimate.low()).add(estimate.high());
            }
        });
        if (result.failures().samples() > 0) {
            json.put("reward_failures", result.failures().samples());
        }
        json.put("confidence", result.config().confidence().level());
        json.set("intervals", intervals);
        return json;
    }

    private void print(ObjectNode json, Evaluation result) {
        if (common().json()) {
            streams().json(json);
            return;
        }
        for (String key : List.of("task", "problems", "samples")) {
            streams()
                    .line(String.format(
                            Locale.ROOT, "%-14s %s", key, json.get(key).asText()));
        }
        result.metrics().forEach((name, estimate) -> streams().line(line(name, estimate)));
    }

    private static String line(String name, Estimate estimate) {
        String value = String.format(Locale.ROOT, "%-14s %.4f", name, estimate.value());
        return Double.isFinite(estimate.low())
                ? value + String.format(Locale.ROOT, "   %.4f to %.4f", estimate.low(), estimate.high())
                : value;
    }
}
