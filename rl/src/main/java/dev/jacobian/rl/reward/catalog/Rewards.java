// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import dev.jacobian.io.EditDistance;
import dev.jacobian.rl.code.CodeReward;
import dev.jacobian.rl.judge.RemoteJudge;
import dev.jacobian.rl.judge.RemoteJudgeConfig;
import dev.jacobian.rl.math.MathReward;
import dev.jacobian.rl.reasoninggym.ReasoningGymReward;
import dev.jacobian.rl.reward.BoxedReward;
import dev.jacobian.rl.reward.CosineLengthReward;
import dev.jacobian.rl.reward.CountdownReward;
import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.GroupLengthReward;
import dev.jacobian.rl.reward.Gsm8kReward;
import dev.jacobian.rl.reward.HendrycksReward;
import dev.jacobian.rl.reward.LanguageReward;
import dev.jacobian.rl.reward.MinervaReward;
import dev.jacobian.rl.reward.MultipleChoiceReward;
import dev.jacobian.rl.reward.RegexReward;
import dev.jacobian.rl.reward.RepetitionPenalty;
import dev.jacobian.rl.reward.SoftOverlongReward;
import dev.jacobian.rl.reward.ThinkFormatReward;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The rewards that have a name, each with its default settings. */
public final class Rewards {
    private static final List<NamedReward> ALL = List.of(
            // right or wrong
            NamedReward.of("exact_match", ExactMatchReward.DEFAULT, "1 for exactly the answer of a column"),
            NamedReward.of("gsm8k", Gsm8kReward.DEFAULT, "1 for the number of a GSM8K solution, as text"),
            NamedReward.of(
                    "math_hendrycks",
                    HendrycksReward.DEFAULT,
                    "1 for the formula of a MATH answer, by the string rules of Hendrycks et al."),
            NamedReward.of(
                    "boxed",
                    BoxedReward.DEFAULT,
                    "1 for a MATH answer in the last \\boxed{}, by the same string rules"),
            NamedReward.of(
                    "math_minerva",
                    MinervaReward.DEFAULT,
                    "1 for the answer that Minerva's prompts ask for, by Minerva's string rules"),
            NamedReward.of("math", MathReward.DEFAULT, "1 for an answer that is mathematically the reference")
                    .as("accuracy_reward"),
            NamedReward.of("multiple_choice", MultipleChoiceReward.DEFAULT, "1 for the right letter"),
            NamedReward.of("regex", RegexReward.DEFAULT, "1 where a regular expression fits"),
            NamedReward.of(
                    "countdown", CountdownReward.DEFAULT, "an expression of the numbers in 'nums' that is 'target'"),
            NamedReward.of(
                    "reasoning_gym",
                    ReasoningGymReward.DEFAULT,
                    "answers to rows that reasoning-gym printed, by its rules"),
            NamedReward.of("code", CodeReward.DEFAULT, "1 for a program that passes its tests, run in a sandbox"),
            RouteSettings.entry(),
            ScoringModelSettings.entry(),
            JudgeSettings.entry(),
            new NamedReward(
                    "remote_judge",
                    "1 where a language model behind an OpenAI-compatible address says that the reference is met",
                    Optional.empty(),
                    RemoteJudgeConfig.DEFAULT,
                    (settings, models) -> new RemoteJudge((RemoteJudgeConfig) settings),
                    1),
            // form
            NamedReward.ofForm("format", FormatReward.DEFAULT, "1 for <think>…</think> and then <answer>…</answer>")
                    .as("format_reward"),
            NamedReward.ofForm("think_format", new ThinkFormatReward(), "1 for one <think>…</think> at the beginning")
                    .as("think_format_reward"),
            NamedReward.ofForm(
                    "language_consistency",
                    LanguageReward.DEFAULT,
                    "share of the words that are in the language wanted"),
            NamedReward.ofForm(
                            "repetition_penalty", RepetitionPenalty.DEFAULT, "below 0 for n-grams of tokens said again")
                    .as("get_repetition_penalty_reward"),
            NamedReward.ofForm(
                    "ngram_repetition", RepetitionPenalty.OF_WORDS, "below 0 for n-grams of words said again"),
            // length
            NamedReward.ofForm(
                            "soft_overlong", SoftOverlongReward.DEFAULT, "0 down to -1 on the way to the length limit")
                    .as("get_soft_overlong_punishment"),
            NamedReward.ofForm(
                            "cosine_scaled",
                            CosineLengthReward.DEFAULT,
                            "right answers earn more the shorter, wrong ones lose less the longer")
                    .as("get_cosine_scaled_reward"),
            NamedReward.ofForm(
                            "group_length",
                            GroupLengthReward.DEFAULT,
                            "±1/2 for the shortest and longest of a prompt's samples, never above 0 for a wrong one")
                    .as("len_reward"));

    private Rewards() {}

    /** All of them. */
    public static List<NamedReward> all() {
        return ALL;
    }

    /**
     * The reward of a name, its own or another program's.
     *
     * @throws IllegalArgumentException if there is none, with those that there are
     */
    public static NamedReward named(String name) {
        return ALL.stream()
                .filter(reward -> reward.isCalled(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown reward '" + name + "'"
                        + (EditDistance.between(name, nearest(name)) <= 2
                                ? " (did you mean '" + nearest(name) + "'?)"
                                : "")
                        + "; the rewards are " + names()));
    }

    private static String nearest(String name) {
        return ALL.stream()
                .map(NamedReward::name)
                .min(Comparator.comparingInt(known -> EditDistance.between(name, known)))
                .orElseThrow();
    }

    /** Their names, with commas between. */
    public static String names() {
        return ALL.stream().map(NamedReward::name).collect(Collectors.joining(", "));
    }
}
