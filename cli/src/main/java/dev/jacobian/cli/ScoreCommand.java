// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Explaining;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.Reward;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.catalog.NamedReward;
import dev.jacobian.rl.reward.catalog.Rewards;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian score}: a reward over recorded completions, to see what it does before a night is spent on it. */
@Command(
        name = "score",
        header = "Score recorded completions with a reward.",
        description = "Reads rows with a completion and what it is compared with, and prints for each in order what the"
                + " reward gives: with --json an object a row with 'score', 'status' (scored, skipped, failed),"
                + " 'extracted' (the answer that was found), 'verdict' where there is one, and 'message' where there is"
                + " no score. Rows that cannot be read are failed ones; the exit code is 1 if there are any, or if"
                + " others failed and nothing could be scored. 'jacobian rewards' lists the rewards.")
final class ScoreCommand extends CliCommand {
    private static final String COLUMN = "column";

    @Option(
            names = "--reward",
            paramLabel = "NAME",
            required = true,
            description = "The reward, such as gsm8k or math.")
    private String name;

    @Mixin
    private DataOption data;

    @Option(
            names = "--completion",
            paramLabel = "COLUMN",
            defaultValue = "completion",
            description = "Column with the completion: a text, or a list of messages (default: ${DEFAULT-VALUE}).")
    private String completion;

    @Option(
            names = "--reference",
            paramLabel = "COLUMN",
            description = "Column with what it is compared with, the reward's setting 'column' (default: answer);"
                    + " OUTER.INNER for a value within an object.")
    private Optional<String> reference = Optional.empty();

    @Mixin
    private Settings settings;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "120",
            description = "Seconds that a row may take before it counts as failed; 0 for as long as it likes"
                    + " (default: ${DEFAULT-VALUE}).")
    private double timeout;

    private final Tally tally = new Tally();

    ScoreCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        if (!data.isGiven()) {
            throw usage("--data PATH is needed: the rows with the completions");
        }
        if (!(timeout >= 0)) {
            throw usage("--timeout must be at least 0, got " + timeout);
        }
        if (name.matches(".*[:,].*")) {
            throw usage("--reward takes a name here, without a weight; settings are --set KEY=VALUE");
        }
        try {
            NamedReward reward = Rewards.named(name);
            if (reward.weighsLengths()) {
                throw usage("the reward " + reward.name() + " compares the samples of a prompt, of which other rewards"
                        + " say whether they are right, so it says nothing of recorded rows; it can be used in rl");
            }
            if (reference.isPresent() && !reward.has(COLUMN)) {
                throw usage("the reward " + reward.name() + " compares with no column of one's choice, so --reference"
                        + " means nothing to it");
            }
        } catch (IllegalArgumentException unknown) {
            throw usage(unknown.getMessage());
        }
    }

    @Override
    boolean computes() {
        return Rewards.named(name).needsModel();
    }

    @Override
    void execute() {
        Given given = settings.with(new Given());
        reference.ifPresent(column -> given.set(COLUMN, column, "--reference"));
        Reward reward = Rewards.named(name).make(given, this::model);
        if (reward.needsTokens()) {
            throw new CliException("the reward " + reward.name() + " counts tokens, and recorded completions are texts;"
                    + " it can be used in rl and eval");
        }
        Rows recorded = DataOption.existing(data.rows().orElseThrow());
        RewardRun run = new RewardRun(ConfigTree.with(RewardCallConfig.DEFAULT, "reward_timeout", timeout));
        try {
            new RecordedRows(recorded, completion, reward).forEachChunk(chunk -> print(reward, chunk, run));
        } finally {
            tally.print(streams(), reward.name());
        }
        tally.requireSuccess(recorded);
    }

    private HeldModel model(Path folder, boolean offloaded) {
        return HeldModel.resident(CausalLM.load(ModelOption.existing(folder, "--set path"), modelOptions(folder)));
    }

    private void print(Reward reward, List<RecordedRows.Row> chunk, RewardRun run) {
        List<Completion> usable = chunk.stream()
                .flatMap(row -> row instanceof RecordedRows.Usable one ? Stream.of(one.completion()) : Stream.empty())
                .toList();
        Iterator<Explanation> explanations =
                Explaining.explain(reward, usable, run).iterator();
        for (RecordedRows.Row row : chunk) {
            switch (row) {
                case RecordedRows.Usable one -> {
                    Explanation explanation = explanations.next();
                    tally.count(explanation.score());
                    print(row.number(), explanation, explanation.score().trouble());
                }
                case RecordedRows.Skipped skipped -> {
                    tally.count(Score.skip());
                    print(row.number(), Explanation.of(Score.skip(), Optional.empty()), Optional.of(skipped.why()));
                }
                case RecordedRows.Broken broken -> {
                    String why = String.valueOf(broken.wrong().getMessage());
                    tally.broken(why);
                    print(row.number(), Explanation.of(Score.failure(why), Optional.empty()), Optional.of(why));
                }
            }
        }
    }

    private void print(int row, Explanation explanation, Optional<String> message) {
        Score score = explanation.score();
        String status = switch (score) {
            case Score.Value value -> "scored";
            case Score.PerToken perToken -> "scored";
            case Score.Skip skip -> "skipped";
            case Score.Failure failure -> "failed";
            case Score.TimedOut late -> "failed";
        };
        if (common().json()) {
            ObjectNode json = Json.object();
            if (Double.isNaN(score.orNaN())) {
                json.putNull("score");
            } else {
                json.put("score", score.orNaN());
            }
            json.put("status", status);
            explanation
                    .extracted()
                    .ifPresentOrElse(text -> json.put("extracted", text), () -> json.putNull("extracted"));
            explanation.verdict().ifPresent(verdict -> json.put("verdict", verdict));
            message.ifPresent(why -> json.put("message", why));
            streams().json(json);
            return;
        }
        String number = Double.isNaN(score.orNaN()) ? "-" : String.format(Locale.ROOT, "%.4g", score.orNaN());
        streams()
                .line("row " + row + "  " + status + "  " + number
                        + explanation.verdict().map(verdict -> "  " + verdict).orElse("")
                        + explanation.extracted().map(text -> "  " + text).orElse("")
                        + message.map(why -> "  " + why).orElse(""));
    }

    /** How many rows there were of each kind. */
    private static final class Tally {
        private Optional<String> firstBroken = Optional.empty();
        private Optional<String> firstFailed = Optional.empty();
        private int broken;
        private int scored;
        private int skipped;
        private int failed;
        private double sum;

        void count(Score score) {
            switch (score) {
                case Score.Skip skip -> skipped++;
                case Score.Failure(String why) -> failed(why);
                case Score.TimedOut(String why) -> failed(why);
                default -> {
                    scored++;
                    sum += score.orNaN();
                }
            }
        }

        private void failed(String why) {
            failed++;
            firstFailed = firstFailed.or(() -> Optional.of(why));
        }

        /** Counts a row that is none of this reward. */
        void broken(String why) {
            failed++;
            broken++;
            firstBroken = firstBroken.or(() -> Optional.of(why));
        }

        /** Fails for rows that could not be read, and where everything failed. */
        void requireSuccess(Rows rows) {
            firstBroken.ifPresent(why -> {
                throw new CliException(
                        broken + " of the rows of " + rows.path() + " cannot be scored; the first: " + why);
            });
            if (scored == 0) {
                firstFailed.ifPresent(why -> {
                    throw new CliException("no row could be scored; the first failure: " + why);
                });
            }
        }

        void print(Streams streams, String reward) {
            if (scored + skipped + failed == 0) {
                return; // it ended before the first row
            }
            String mean = scored == 0 ? "" : String.format(Locale.ROOT, ", mean %.4f", sum / scored);
            streams.note(reward + ": " + (scored + skipped + failed) + " rows, " + scored + " scored" + mean + ", "
                    + skipped + " skipped, " + failed + " failed");
        }
    }
}
