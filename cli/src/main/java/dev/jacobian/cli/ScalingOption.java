// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.evaluation.Evaluation;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.ProcessRewardModel;
import dev.jacobian.rl.scaling.Attempts;
import dev.jacobian.rl.scaling.BudgetForcing;
import dev.jacobian.rl.scaling.SampleCurves;
import dev.jacobian.rl.scaling.ScalingCurve;
import dev.jacobian.rl.scaling.StepBeamSearch;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What {@code eval} measures of test-time compute. */
final class ScalingOption {
    /** Samples of a problem where nobody says how many. */
    static final int USUAL_SAMPLES = 16;

    private static final int MAX_STEPS = 256;

    @Option(
            names = "--scaling",
            description = "Accuracy against tokens and samples: the vote and (--best-of) the choice among 1, 2, 4 … of"
                    + " --samples (default then: " + USUAL_SAMPLES + "), with --budgets and --waits budget forcing,"
                    + " with --prm a search over steps. --out draws it (scaling.html).")
    private boolean asked;

    @Option(
            names = "--budgets",
            paramLabel = "N",
            split = ",",
            description = "Budget forcing: end thoughts at so many tokens, several with commas.")
    private List<Integer> budgets = List.of();

    @Option(
            names = "--waits",
            paramLabel = "N",
            split = ",",
            description = "Budget forcing: suppress the end of thoughts so often (0,1,2), each thought within"
                    + " --max-new-tokens.")
    private List<Integer> waits = List.of();

    @Option(
            names = "--think-end",
            paramLabel = "TEXT",
            defaultValue = "</think>",
            description = "Budget forcing: what ends a thought (default: ${DEFAULT-VALUE}).")
    private String thinkEnd;

    @Option(
            names = "--wait",
            paramLabel = "TEXT",
            defaultValue = "Wait",
            description = "Budget forcing: what is written where a thought would have ended; empty to suppress the end"
                    + " alone (default: ${DEFAULT-VALUE}).")
    private String waitText;

    @Option(
            names = "--answer-tokens",
            paramLabel = "N",
            defaultValue = "64",
            description = "Budget forcing: most tokens of the answer behind a thought (default: ${DEFAULT-VALUE}).")
    private int answerTokens;

    @Option(
            names = "--prm",
            paramLabel = "DIR",
            description = "Beam search over steps that this process reward model leads (jacobian prm).")
    private Optional<Path> prm = Optional.empty();

    @Option(
            names = "--beams",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,2,4",
            description = "--prm: beams that are kept, several with commas (default: ${DEFAULT-VALUE}).")
    private List<Integer> beams;

    @Option(
            names = "--expansions",
            paramLabel = "N",
            defaultValue = "4",
            description = "--prm: next steps that are tried of each beam (default: ${DEFAULT-VALUE}).")
    private int expansions;

    @Option(
            names = "--step-separator",
            paramLabel = "TEXT",
            description = "--prm: what ends a step, as the model was trained (default: a line end).")
    private Optional<String> separator = Optional.empty();

    /** Whether it is to be measured. */
    boolean isAsked() {
        return asked;
    }

    /** Refuses what has no effect or no meaning. */
    void check(CliCommand command) {
        boolean given = !budgets.isEmpty() || !waits.isEmpty() || prm.isPresent();
        if (!asked && given) {
            throw command.usage("--budgets, --waits and --prm are parts of --scaling; add it");
        }
        boolean tooSmall = Stream.of(budgets, beams, List.of(answerTokens, expansions))
                .flatMap(List::stream)
                .anyMatch(number -> number < 1);
        if (tooSmall || waits.stream().anyMatch(times -> times < 0)) {
            throw command.usage(
                    "--budgets, --beams, --expansions and --answer-tokens are at least 1, and --waits at least 0");
        }
        if (thinkEnd.isEmpty() || separator.filter(String::isEmpty).isPresent()) {
            throw command.usage("--think-end and --step-separator must not be empty");
        }
    }

    /** The process reward model, if one is named. */
    Optional<ProcessRewardModel> judge(Function<Path, ModelOptions> options) {
        return prm.map(folder -> new ProcessRewardModel(
                HeldModel.resident(CausalLM.load(ModelOption.existing(folder, "--prm"), options.apply(folder))),
                separator.map(text -> text.replace("\\n", "\n")).orElse("\n")));
    }

    /** All curves that were asked for. */
    List<ScalingCurve> curves(
            Evaluation evaluation, Attempts attempts, Optional<ProcessRewardModel> judge, int maxNewTokens) {
        List<ScalingCurve> curves = new ArrayList<>(SampleCurves.of(evaluation));
        BudgetForcing forcing = new BudgetForcing(attempts, thinkEnd, waitText, answerTokens);
        if (!budgets.isEmpty()) {
            curves.add(forcing.budgets(budgets.stream().sorted().toList()));
        }
        if (!waits.isEmpty()) {
            curves.add(forcing.waits(waits.stream().sorted().toList(), maxNewTokens));
        }
        judge.map(steps -> new StepBeamSearch(attempts, steps, expansions, MAX_STEPS, maxNewTokens)
                        .widths(beams.stream().sorted().toList()))
                .ifPresent(curves::add);
        return curves;
    }
}
