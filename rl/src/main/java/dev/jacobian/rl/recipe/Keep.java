// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.LanguageReward;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What is kept of the answers to a problem, as rows of data for a later stage. */
public enum Keep {
    /** Every right answer, each text once: rejection sampling. */
    RIGHT {
        @Override
        List<ObjectNode> rows(Problem problem, List<Answer> answers) {
            return demonstrations(
                    problem,
                    answers.stream()
                            .filter(Answer::solved)
                            .map(Answer::text)
                            .distinct()
                            .toList());
        }
    },

    /** The right answers in the right format whose words are all in one language: DeepSeek-R1 leaves mixed ones out. */
    READABLE {
        @Override
        List<ObjectNode> rows(Problem problem, List<Answer> answers) {
            return demonstrations(
                    problem,
                    answers.stream()
                            .filter(answer -> answer.solved() && isReadable(problem, answer.text()))
                            .map(Answer::text)
                            .distinct()
                            .toList());
        }
    },

    /** The shortest right answer: Kimi k1.5's shortest rejection sampling. */
    SHORTEST {
        @Override
        List<ObjectNode> rows(Problem problem, List<Answer> answers) {
            return demonstrations(
                    problem,
                    answers.stream().filter(Answer::solved).min(Comparator.comparingInt(Answer::tokens)).stream()
                            .map(Answer::text)
                            .toList());
        }
    },

    /** The best answer and the worst: right before wrong, and of right ones the shorter first; none if no answer is better. */
    PAIRS {
        @Override
        List<ObjectNode> rows(Problem problem, List<Answer> answers) {
            Comparator<Answer> better = Comparator.comparing((Answer answer) -> !answer.solved())
                    .thenComparingInt(answer -> answer.solved() ? answer.tokens() : 0);
            Optional<Answer> best = answers.stream().min(better);
            Optional<Answer> worst = answers.stream().max(better);
            if (best.isEmpty() || worst.isEmpty() || better.compare(best.get(), worst.get()) == 0) {
                return List.of();
            }
            ObjectNode row = prompt(problem);
            said(problem, row, "chosen", best.get().text());
            said(problem, row, "rejected", worst.get().text());
            return List.of(row);
        }
    },

    /** Every answer with whether it is right: what a classic reward model learns from. */
    JUDGED {
        @Override
        List<ObjectNode> rows(Problem problem, List<Answer> answers) {
            return answers.stream()
                    .map(answer -> {
                        ObjectNode row = prompt(problem);
                        said(problem, row, "completion", answer.text());
                        return row.put("label", answer.solved());
                    })
                    .toList();
        }
    };

    private static final Pattern TAGS = Pattern.compile("</?(?:think|answer)>");

    /**
     * An answer.
     *
     * @param text what was said
     * @param tokens how long it is
     * @param solved whether it is right
     */
    record Answer(String text, int tokens, boolean solved) {}

    abstract List<ObjectNode> rows(Problem problem, List<Answer> answers);

    private static List<ObjectNode> demonstrations(Problem problem, List<String> texts) {
        return texts.stream()
                .map(text -> {
                    ObjectNode row = prompt(problem);
                    said(problem, row, "completion", text);
                    return row;
                })
                .toList();
    }

    private static ObjectNode prompt(Problem problem) {
        ObjectNode row = Json.object();
        problem.chat()
                .ifPresentOrElse(
                        chat -> row.set("prompt", chat.chat().messages()), () -> row.put("prompt", problem.prompt()));
        return row;
    }

    /** A text, or in a conversation a turn of the assistant. */
    private static void said(Problem problem, ObjectNode row, String column, String text) {
        if (problem.chat().isPresent()) {
            row.putArray(column).addObject().put("role", "assistant").put("content", text);
        } else {
            row.put(column, text);
        }
    }

    private static boolean isReadable(Problem problem, String text) {
        Completion completion = problem.completion(text, new int[0], FinishReason.STOP);
        double language = LanguageReward.DEFAULT.score(completion).orNaN();
        boolean silent = TAGS.matcher(text).replaceAll("").chars().noneMatch(Character::isLetter);
        return FormatReward.DEFAULT.score(completion).orNaN() == 1 && (language == 1 || silent);
    }
}
