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
    private static final int ANSWER_TOKENS = 64;
    private static final int EXPANSIONS = 4;
    private static final List<Integer> BEAMS = List.of(1, 2, 4);
    private static final String THINK_END = "</think>";
    private static final String WAIT = "Wait";

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
            description = "Budget forcing: what ends a thought (default: </think>).")
    private Optional<String> thinkEnd = Optional.empty();

    @Option(
            names = "--wait",
            paramLabel = "TEXT",
            description = "Budget forcing: what is written where a thought would have ended; empty to suppress the end"
                    + " alone (default: Wait).")
    private Optional<String> waitText = Optional.empty();

    @Option(
            names = "--answer-tokens",
            paramLabel = "N",
            description =
                    "Budget forcing: most tokens of the answer behind a thought (default: " + ANSWER_TOKENS + ").")
    private Optional<Integer> answerTokens = Optional.empty();

    @Option(
            names = "--prm",
            paramLabel = "DIR",
            description = "Beam search over steps that this process reward model leads (jacobian prm).")
    private Optional<Path> prm = Optional.empty();

    @Option(
            names = "--beams",
            paramLabel = "N",
            split = ",",
            description = "--prm: beams that are kept, several with commas (default: 1,2,4).")
    private List<Integer> beams = List.of();

    @Option(
            names = "--expansions",
            paramLabel = "N",
            description = "--prm: next steps that are tried of each beam (default: " + EXPANSIONS + ").")
    private Optional<Integer> expansions = Optional.empty();

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
        require(command, prm.isPresent(), "--prm", !beams.isEmpty(), "--beams");
        require(command, prm.isPresent(), "--prm", expansions.isPresent(), "--expansions");
        require(command, prm.isPresent(), "--prm", separator.isPresent(), "--step-separator");
        boolean forces = !budgets.isEmpty() || !waits.isEmpty();
        require(command, forces, "--budgets or --waits", thinkEnd.isPresent(), "--think-end");
        require(command, forces, "--budgets or --waits", answerTokens.isPresent(), "--answer-tokens");
        require(command, !waits.isEmpty(), "--waits", waitText.isPresent(), "--wait");
        boolean tooSmall = Stream.of(
                        budgets,
                        beams,
                        answerTokens.stream().toList(),
                        expansions.stream().toList())
                .flatMap(List::stream)
                .anyMatch(number -> number < 1);
        if (tooSmall || waits.stream().anyMatch(times -> times < 0)) {
            throw command.usage(
                    "--budgets, --beams, --expansions and --answer-tokens are at least 1, and --waits at least 0");
        }
        if (thinkEnd.filter(String::isEmpty).isPresent()
                || separator.filter(String::isEmpty).isPresent()) {
            throw command.usage("--think-end and --step-separator must not be empty");
        }
    }

    /** Refuses an option that has no effect without another. */
    private static void require(CliCommand command, boolean other, String needed, boolean given, String option) {
        if (given && !other) {
            throw command.usage(option + " has no effect without " + needed + "; add that, or leave it out");
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
        BudgetForcing forcing = new BudgetForcing(
                attempts, thinkEnd.orElse(THINK_END), waitText.orElse(WAIT), answerTokens.orElse(ANSWER_TOKENS));
        if (!budgets.isEmpty()) {
            curves.add(forcing.budgets(budgets.stream().sorted().toList()));
        }
        if (!waits.isEmpty()) {
            curves.add(forcing.waits(waits.stream().sorted().toList(), maxNewTokens));
        }
        judge.map(steps -> new StepBeamSearch(attempts, steps, expansions.orElse(EXPANSIONS), MAX_STEPS, maxNewTokens)
                        .widths((beams.isEmpty() ? BEAMS : beams)
                                .stream().sorted().toList()))
                .ifPresent(curves::add);
        return curves;
    }
}
