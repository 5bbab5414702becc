// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.ExplainedReward;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.ReadsAnswer;
import dev.jacobian.rl.reward.Score;
import java.util.Map;
import java.util.Optional;

/**
 * Scores answers to rows that reasoning-gym printed: {@code question}, {@code answer}, {@code metadata}. A row says which task
 * it is of, in {@code metadata.source_dataset} or in a column {@code task}.
 *
 * @param scoring what answers are worth
 * @param form where a completion has its answer; reasoning-gym itself takes the last {@code <answer>} tag
 * @param task the task of rows that do not say one; empty to refuse them
 */
public record ReasoningGymReward(
        @Setting(
                value = "right",
                doc = "right: 1 for a right answer, else 0; original: the number that reasoning-gym's score_answer"
                        + " gives")
        GymScoring scoring,

        @Setting(value = "tag", doc = "where the completion has its answer: in its last <answer> tag, or all of it")
        Answer form,

        @Setting(value = "", doc = "the task of rows that do not say theirs")
        String task)
        implements ExplainedReward, ReadsAnswer {
    /** Right or wrong, in a tag, of rows that say their task. */
    public static final ReasoningGymReward DEFAULT = ConfigTree.defaults(ReasoningGymReward.class);

    /** Longer answers than this are wrong, in chars; reasoning-gym's longest right one, a tower of Hanoi, has some thousands. */
    private static final int MAX_LENGTH = 1 << 16;

    /** Checks the name. */
    public ReasoningGymReward {
        if (!task.isEmpty() && GymScorers.find(task).isEmpty()) {
            throw new IllegalArgumentException(missing(task));
        }
    }

    /** The names of the tasks that have a scorer here, as a sentence has them. */
    public static String supported() {
        return GymScorers.names();
    }

    @Override
    public String name() {
        return "reasoning_gym";
    }

    @Override
    public Optional<String> answer(String completion) {
        return form.of(completion);
    }

    @Override
    public Explanation explain(Completion completion) {
        Columns row = completion.columns();
        GymScorer scorer = scorer(row);
        Optional<String> answer = answer(completion.text()).filter(text -> text.length() <= MAX_LENGTH);
        double score = scoring == GymScoring.ORIGINAL
                ? answer.map(text -> scorer.score(row, text)).orElse(scorer.scoreOfNone())
                : answer.filter(text -> scorer.isRight(row, text)).isPresent() ? 1 : 0;
        return Explanation.of(Score.of(score), answer);
    }

    /** The row must say its task, one that has a scorer here, and have what its scorer reads. */
    @Override
    public void requireUsable(Columns columns) {
        GymScorer scorer = scorer(columns);
        try {
            scorer.score(columns, "0");
            scorer.isRight(columns, "0");
        } catch (RuntimeException wrong) {
            throw new IllegalArgumentException(
                    "not a row of reasoning-gym's " + task(columns) + ": " + wrong.getMessage(), wrong);
        }
    }

    private GymScorer scorer(Columns row) {
        String name = task(row);
        return GymScorers.find(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        name.isEmpty()
                                ? "the row does not say which task of reasoning-gym it is of; it needs"
                                        + " 'metadata.source_dataset' or 'task', or name the task: --task"
                                        + " reasoning-gym:NAME"
                                : missing(name)));
    }

    private static String missing(String name) {
        return "there is no scorer for reasoning-gym's task '" + name + "', but for " + supported()
                + ". Where equal text is enough, compare whole answers: rows with 'prompt' and 'answer', and --data"
                + " without --task";
    }

    private String task(Columns row) {
        Object source =
                row.values().get("metadata") instanceof Map<?, ?> metadata ? metadata.get("source_dataset") : null;
        Object named = source == null ? row.values().get("task") : source;
        return named instanceof String name ? name : task;
    }
}
