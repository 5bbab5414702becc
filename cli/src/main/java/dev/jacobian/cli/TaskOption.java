// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.PreferenceReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.reward.catalog.ChosenRewards;
import dev.jacobian.rl.reward.catalog.RewardModels;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The task that a command trains on or measures. */
final class TaskOption {
    @Option(
            names = "--task",
            paramLabel = "NAME",
            description = "A task that 'jacobian tasks' lists (default: countdown), a mixture of several by weight"
                    + " (countdown:0.7,addition@3:0.3, a difficulty behind the @), or reasoning-gym for rows of --data"
                    + " that it printed (reasoning-gym:NAME if the rows do not say their task).")
    private Optional<String> asked = Optional.empty();

    @Option(
            names = "--difficulty",
            paramLabel = "D",
            description = "How hard the task is; 'jacobian tasks' lists from where to where (default: its usual one).")
    private Optional<Integer> difficulty = Optional.empty();

    @Option(
            names = "--answers",
            paramLabel = "FORM",
            description = "Where answers stand: tag (the last <answer>...</answer>) or whole (the whole completion);"
                    + " prompts say so (default: the task's usual form).")
    private Optional<String> answers = Optional.empty();

    @Mixin
    private DataOption data;

    @Option(
            names = "--skip-bad-rows",
            description =
                    "Leave out rows of --data that cannot be used (no answer, an empty prompt, one too long for the"
                            + " model) and count them, instead of refusing the file.")
    private boolean skipBadRows;

    @Option(
            names = "--reward-model",
            paramLabel = "DIR",
            description =
                    "Rewards are this model's scores instead of the task's own: a checkpoint that 'jacobian reward'"
                            + " or another program trained (ForSequenceClassification, one label).")
    private Optional<Path> rewardModel = Optional.empty();

    @Option(
            names = "--judge",
            paramLabel = "DIR",
            description = "Rewards are this language model's verdicts: it reasons whether a completion agrees with the"
                    + " row's 'answer', and then says so (1 or 0).")
    private Optional<Path> judge = Optional.empty();

    @Option(
            names = "--preference-model",
            paramLabel = "DIR",
            description =
                    "Rewards are this model's comparisons of the samples of a prompt, two by two: a checkpoint that"
                            + " 'jacobian reward --method preference' trained. For sppo, gpo, nash_md and online_dpo;"
                            + " other methods learn from win rates too.")
    private Optional<Path> preferenceModel = Optional.empty();

    @Option(
            names = "--offload-reward-model",
            description = "Keep that model in the host's memory while it does not score.")
    private boolean offloadRewardModel;

    @Option(
            names = "--reward",
            paramLabel = "NAME[:WEIGHT][,KEY=VALUE]",
            description =
                    "A reward that 'jacobian rewards' lists, such as math or format:0.2; may be repeated. Generated"
                            + " tasks keep their own reward beside; rows of --data have none of their own then. Also"
                            + " 'rewards' in --config, a list.")
    private List<String> named = List.of();

    /** Settings that name rewards, beside the options. */
    static final String REWARDS = "rewards";

    /** Whose word rewards are, with those that settings name where no option does; empty if nothing says it. */
    Optional<RewardChoice> rewards(Given settings) {
        Optional<ChosenRewards> inFile =
                settings.get(REWARDS).map(value -> ChosenRewards.read(value.json(), value.origin() + ", rewards"));
        return inFile.isEmpty() || !named.isEmpty()
                ? rewards()
                : Optional.of(rewards().orElse(RewardChoice.TASK).with(inFile.get()));
    }

    /** Whose word rewards are; empty if no option says it. */
    Optional<RewardChoice> rewards() {
        rewardModel.ifPresent(folder -> ModelOption.existing(folder, "--reward-model"));
        judge.ifPresent(folder -> ModelOption.existing(folder, "--judge"));
        preferenceModel.ifPresent(folder -> ModelOption.existing(folder, "--preference-model"));
        RewardChoice choice = new RewardChoice(
                rewardModel,
                judge,
                preferenceModel,
                PreferenceReward.Form.WIN_RATE,
                offloadRewardModel,
                ChosenRewards.of(named, "--reward"));
        return Optional.of(choice).filter(RewardChoice::isMade);
    }

    /** Fails for a name that is no task. */
    void check(CliCommand command) {
        data.check(command);
        if (rewardModel.isPresent() && judge.isPresent()) {
            throw command.usage("--reward-model and --judge exclude each other");
        }
        if (preferenceModel.isPresent() && (rewardModel.isPresent() || judge.isPresent())) {
            throw command.usage("--preference-model excludes --reward-model and --judge");
        }
        try {
            ChosenRewards.of(named, "--reward");
        } catch (IllegalArgumentException | FormatException wrong) {
            throw command.usage(wrong.getMessage());
        }
        TaskChoice choice = choice(command);
        if (data.isGiven()
                && asked.isPresent()
                && choice.name().equals(TaskChoice.ROWS)
                && !asked.get().equals(TaskChoice.ROWS)) {
            throw command.usage("--task " + asked.get()
                    + " makes its own problems, so --data means nothing to it; leave" + " out one of them");
        }
        if (choice.isRows()) {
            if (difficulty.isPresent() || answers.isPresent() && !choice.isGym()) {
                throw command.usage("--difficulty and --answers are of generated tasks, not of --data");
            }
            if (choice.isGym() && !data.isGiven()) {
                throw command.usage("--task " + choice.name() + " needs --data FILE, rows that reasoning-gym printed");
            }
        }
        try {
            if (choice.isRows() && rewardModel.isEmpty() && judge.isEmpty() && preferenceModel.isEmpty()) {
                ChosenRewards.of(named, "--reward").requireMoreThanLength();
            }
            if (choice.isGym()) {
                choice.gymReward();
            } else if (!choice.isRows()) {
                choice.task();
            }
        } catch (IllegalArgumentException wrong) {
            throw command.usage(wrong.getMessage());
        }
    }

    private TaskChoice choice(CliCommand command) {
        try {
            return choice();
        } catch (IllegalArgumentException wrong) {
            throw command.usage(wrong.getMessage());
        }
    }

    /** The task that the options name. */
    TaskChoice choice() {
        return new TaskChoice(name(), difficulty, answers.map(TaskOption::form));
    }

    private static Answer form(String name) {
        return switch (name) {
            case "tag" -> Answer.TAG;
            case "whole" -> Answer.STRIPPED;
            default -> throw new IllegalArgumentException("--answers takes tag or whole, not '" + name + "'");
        };
    }

    /** Fails for options of one task, where a file names several data sets that have their own. */
    void refuseOfOne(CliCommand command, String file) {
        if (difficulty.isPresent() || answers.isPresent() || skipBadRows) {
            throw command.usage("--difficulty, --answers and --skip-bad-rows are of one task; write them into the"
                    + " objects of " + file + ", as difficulty, answers and skip_bad_rows");
        }
    }

    /** Fails for rewards, where a file names several data sets that have their own. */
    void refuseRewards(CliCommand command, String file) {
        if (rewardModel.isPresent() || judge.isPresent() || preferenceModel.isPresent() || !named.isEmpty()) {
            throw command.usage("--reward, --reward-model and --judge are of one task; write them into the objects of "
                    + file + ", as reward, reward_model and judge");
        }
    }

    /** Whether rewards compare the samples of a prompt. */
    boolean comparesSamples() {
        return preferenceModel.isPresent();
    }

    Optional<Rows> data() {
        return data.rows();
    }

    boolean skipBadRows() {
        return skipBadRows;
    }

    String name() {
        return given().orElse("countdown");
    }

    /** The task's name, or its data's: what tables call it. */
    String title() {
        return given().filter(TaskChoice.ROWS::equals)
                .flatMap(rows -> data.rows())
                .map(JsonlTask::name)
                .orElseGet(this::name);
    }

    /** The task's name, if there is an option that says it. */
    Optional<String> given() {
        return data.isGiven()
                ? asked.filter(name -> TaskChoice.of(name).isGym()).or(() -> Optional.of(TaskChoice.ROWS))
                : asked;
    }

    /** Fails if the options name another task than the one that a run was started with. */
    void refuseOther(TaskChoice started, Path folder) {
        given().filter(name -> !name.equals(started.name())).ifPresent(name -> {
            throw new CliException(folder + " was started with task " + started.name() + ", not " + name
                    + ". Resume without --task and --data, or start a new run");
        });
        TaskChoice asking = choice();
        if (difficulty.isPresent() && !asking.difficulty().equals(started.difficulty())
                || answers.isPresent() && !asking.answers().equals(started.answers())) {
            throw new CliException(
                    folder + " was started with another --difficulty or form of --answers. Resume without"
                            + " them, or start a new run");
        }
    }

    /** The task. */
    Task task(Function<Path, ModelOptions> options) {
        return of(choice(), data.rows(), skipBadRows, rewards().orElse(RewardChoice.TASK), options);
    }

    /** The task of a name with the rewards of somebody's choice. */
    static Task of(
            TaskChoice task,
            Optional<Rows> data,
            boolean skipBadRows,
            RewardChoice choice,
            Function<Path, ModelOptions> options) {
        Optional<WeightedRewards> rewards = choice.load(options);
        if (!choice.named().isEmpty()) {
            return withNamed(task, data, skipBadRows, choice, rewards, options);
        }
        if (rewards.isEmpty()) {
            return of(task, data, skipBadRows);
        }
        Task problems = task.isRows() && data.isPresent()
                ? task.rows(DataOption.existing(data.get()), rewards, skipBadRows)
                : of(task, data, skipBadRows);
        return new RewardedTask(problems, rewards.get(), choice.solvedThreshold());
    }

    /** Named rewards beside those of a model or the task's own; of rows they are all there is. */
    private static Task withNamed(
            TaskChoice task,
            Optional<Rows> data,
            boolean skipBadRows,
            RewardChoice choice,
            Optional<WeightedRewards> model,
            Function<Path, ModelOptions> options) {
        RewardModels models = choice.models(options);
        boolean rows = task.isRows() && data.isPresent();
        if (rows && model.isEmpty()) {
            ChosenRewards.Made made = choice.named().make(models);
            Task problems = task.rows(DataOption.existing(data.get()), Optional.of(made.rewards()), skipBadRows);
            return new RewardedTask(problems, made.rewards(), made.solvedFrom());
        }
        if (rows) {
            WeightedRewards all = choice.named().beside(model.orElseThrow(), models);
            Task problems = task.rows(DataOption.existing(data.get()), Optional.of(all), skipBadRows);
            return new RewardedTask(problems, all, choice.solvedThreshold());
        }
        Task problems = of(task, data, skipBadRows);
        WeightedRewards all = choice.named().beside(model.orElseGet(problems::rewards), models);
        return new RewardedTask(
                problems, all, model.isPresent() ? choice.solvedThreshold() : problems.solvedThreshold());
    }

    /** The task of a name, with the data file of {@code jsonl}. */
    static Task of(TaskChoice task, Optional<Rows> data, boolean skipBadRows) {
        if (task.isRows()) {
            Rows rows = data.orElseThrow(() -> new CliException("--task " + task.name() + " needs --data FILE"));
            return task.rows(DataOption.existing(rows), Optional.empty(), skipBadRows);
        }
        try {
            return task.task();
        } catch (IllegalArgumentException wrong) {
            throw new CliException(String.valueOf(wrong.getMessage()), wrong);
        }
    }

    /** The task without the prompts that a model cannot complete, if rows may be left out; says how many are. */
    static Task usable(Task task, boolean skipBadRows, CausalLM model, int maxNewTokens, Streams streams) {
        if (task instanceof RewardedTask rewarded) {
            Task problems = usable(rewarded.problems(), skipBadRows, model, maxNewTokens, streams);
            return new RewardedTask(problems, rewarded.rewards(), rewarded.solvedThreshold());
        }
        if (!(skipBadRows && task instanceof JsonlTask rows)) {
            return task; // a bad row has been refused, or the trainer will
        }
        JsonlTask usable = rows.without(new PromptCheck(model, maxNewTokens)::objection);
        List<String> skipped = usable.skipped();
        if (!skipped.isEmpty()) {
            streams.note("--skip-bad-rows: " + skipped.size() + " of "
                    + (skipped.size() + usable.allProblems().size())
                    + " rows are left out; the first: " + skipped.getFirst());
        }
        return usable;
    }
}
