// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.LanguageReward;
import dev.jacobian.rl.selection.SampledProblem.Answer;
import dev.jacobian.rl.selection.SampledProblem.Verdict;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What is kept of the answers to a problem, as rows of data for a later stage.
 *
 * <p>An answer that a limit cut is no example of anything, whatever its reward; one whose reward failed is neither right nor wrong, and in no row.
 */
public enum Keep implements Selection {
    /** Every right answer, each text once: rejection sampling. */
    RIGHT {
        @Override
        public List<ObjectNode> rows(SampledProblem sampled) {
            return demonstrations(sampled, answer -> true);
        }
    },

    /** The right answers in the right format whose words are all in one language: DeepSeek-R1 leaves mixed ones out. */
    READABLE {
        @Override
        public List<ObjectNode> rows(SampledProblem sampled) {
            return demonstrations(sampled, answer -> isReadable(sampled.problem(), answer.text()));
        }
    },

    /** The best answer and the worst: right before wrong, and of right ones the shorter first; none if no answer is better. */
    PAIRS {
        @Override
        public List<ObjectNode> rows(SampledProblem sampled) {
            Comparator<Answer> better = Comparator.comparing((Answer answer) -> answer.verdict() == Verdict.WRONG)
                    .thenComparingInt(answer -> answer.verdict() == Verdict.CORRECT ? answer.tokens() : 0);
            Optional<Answer> best =
                    sampled.answers().stream().filter(Answer::isGood).min(better);
            Optional<Answer> worst = sampled.answers().stream()
                    .filter(answer -> answer.verdict() != Verdict.UNKNOWN)
                    .max(better);
            if (best.isEmpty() || worst.isEmpty() || better.compare(best.get(), worst.get()) >= 0) {
                return List.of();
            }
            ObjectNode row = sampled.row();
            row.set("chosen", sampled.said(best.get()));
            row.set("rejected", sampled.said(worst.get()));
            return List.of(row);
        }
    },

    /** Every answer with whether it is right: what a classic reward model learns from. */
    JUDGED {
        @Override
        public List<ObjectNode> rows(SampledProblem sampled) {
            return sampled.answers().stream()
                    .filter(answer -> answer.verdict() != Verdict.UNKNOWN)
                    .map(answer -> {
                        ObjectNode row = sampled.row();
                        row.set("completion", sampled.said(answer));
                        return row.put("label", answer.verdict() == Verdict.CORRECT);
                    })
                    .toList();
        }

        @Override
        public Optional<String> missing(List<ObjectNode> rows) {
            if (rows.isEmpty()) {
                return Selection.NOTHING;
            }
            long right =
                    rows.stream().filter(row -> row.path("label").asBoolean()).count();
            return right > 0 && right < rows.size()
                    ? Optional.empty()
                    : Optional.of("all " + rows.size() + " answers are " + (right > 0 ? "right" : "wrong")
                            + ", and to tell right from wrong takes both");
        }
    };

    private static final Pattern TAGS = Pattern.compile("</?(?:think|answer)>");

    @Override
    public String description() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static List<ObjectNode> demonstrations(SampledProblem sampled, Predicate<Answer> wanted) {
        return sampled.answers().stream()
                .filter(Answer::isGood)
                .filter(wanted)
                .map(Answer::text)
                .distinct()
                .map(text -> {
                    ObjectNode row = sampled.row();
                    row.set("completion", sampled.said(text));
                    return row;
                })
                .toList();
    }

    private static boolean isReadable(Problem problem, String text) {
        Completion completion = problem.completion(text, new int[0], FinishReason.STOP);
        double language = LanguageReward.DEFAULT.score(completion).orNaN();
        boolean silent = TAGS.matcher(text).replaceAll("").chars().noneMatch(Character::isLetter);
        return FormatReward.DEFAULT.score(completion).orNaN() == 1 && (language == 1 || silent);
    }
}
