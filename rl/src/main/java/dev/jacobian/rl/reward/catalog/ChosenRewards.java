// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Reward;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.SoftOverlongReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * The named rewards that somebody chose, in order.
 *
 * <p>What decides whether a completion solves its problem is one reward, unweighted: the task's own where it has one, or else the first one
 * chosen that tells right from wrong. So a bonus for form makes no wrong answer right, and a weight changes no pass@1.
 *
 * @param all in order; may be empty
 */
public record ChosenRewards(List<ChosenReward> all) {
    /** None. */
    public static final ChosenRewards NONE = new ChosenRewards(List.of());

    /** Copies the list. */
    public ChosenRewards {
        all = List.copyOf(all);
    }

    /**
     * Reads a list of choices.
     *
     * @param json an array of what {@link ChosenReward#read} reads, or one such
     * @param origin where it is, for messages
     */
    public static ChosenRewards read(JsonNode json, String origin) {
        if (!json.isArray()) {
            return new ChosenRewards(List.of(ChosenReward.read(json, origin)));
        }
        return new ChosenRewards(StreamSupport.stream(json.spliterator(), false)
                .map(entry -> ChosenReward.read(entry, origin))
                .toList());
    }

    /** Reads texts, such as options of a command. */
    public static ChosenRewards of(List<String> texts, String option) {
        ArrayNode array = Json.object().putArray("rewards");
        texts.forEach(array::add);
        return read(array, option);
    }

    /** What {@link #read} reads. */
    public ArrayNode toJson() {
        ArrayNode array = Json.object().putArray("rewards");
        all.forEach(chosen -> array.add(chosen.toJson()));
        return array;
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** Whether one of them asks a model that must be loaded. */
    public boolean needModel() {
        return all.stream().anyMatch(chosen -> chosen.reward().needsModel());
    }

    /**
     * The rewards, and what a completion that solves its problem earns of the one that decides.
     *
     * @param rewards made
     * @param solvedFrom the least score of the one that decides
     */
    public record Made(WeightedRewards rewards, double solvedFrom) {}

    /**
     * Refuses rewards that only weigh the lengths of right and wrong answers, without one that says which are right: they would teach length
     * alone.
     *
     * @throws IllegalArgumentException if all of some are such
     */
    public void requireMoreThanLength() {
        if (!isEmpty() && all.stream().allMatch(chosen -> chosen.reward().weighsLengths())) {
            throw new IllegalArgumentException(names()
                    + " weighs the lengths of right and wrong answers, and there is no reward beside that says which"
                    + " are right; add one, such as --reward math");
        }
    }

    /** What a person should know of these by themselves: that none of them tells right from wrong. */
    public Optional<String> remark() {
        return isEmpty() || all.stream().anyMatch(chosen -> chosen.reward().judges())
                ? Optional.empty()
                : Optional.of("no reward tells right from wrong (" + names() + "): what is learned is form, and"
                        + " pass@1 counts what satisfies "
                        + all.getFirst().reward().name());
    }

    /**
     * What a person should know of a limit of length that no completion comes near: the reward for it is always 0.
     *
     * @param tokens most tokens of a completion
     */
    public Optional<String> withoutEffect(int tokens) {
        return all.stream()
                .map(chosen -> chosen.reward().with(chosen.settings()))
                .filter(SoftOverlongReward.class::isInstance)
                .map(SoftOverlongReward.class::cast)
                .filter(limit -> limit.maxLength() - limit.cache() >= tokens)
                .findFirst()
                .map(limit -> "soft_overlong begins behind " + (limit.maxLength() - limit.cache())
                        + " tokens (max_length - cache), and completions end at " + tokens
                        + " (max_completion_length), so it is always 0; give it the run's limit, such as"
                        + " soft_overlong,max_length=" + tokens + ",cache=" + Math.max(1, tokens / 5));
    }

    private String names() {
        return all.stream().map(chosen -> chosen.reward().name()).collect(Collectors.joining(", "));
    }

    /**
     * These by themselves; there must be one.
     *
     * @throws IllegalArgumentException as {@link #requireMoreThanLength}
     */
    public Made make(RewardModels models) {
        requireMoreThanLength();
        List<Weighted> made = apart(weighted(models));
        int decides = 0;
        for (int i = all.size() - 1; i >= 0; i--) {
            decides = all.get(i).reward().judges() ? i : decides;
        }
        double solvedFrom = all.get(decides).reward().solvedFrom();
        return new Made(
                new WeightedRewards(made).decidedBy(made.get(decides).function().name()),
                Double.isNaN(solvedFrom) ? 1 : solvedFrom);
    }

    /**
     * These beside others, of which the first decides unless they say another.
     */
    public WeightedRewards beside(WeightedRewards own, RewardModels models) {
        if (isEmpty()) {
            return own;
        }
        List<Weighted> both = new ArrayList<>(own.rewards());
        both.addAll(weighted(models));
        both = apart(both);
        String first = own.rewards().getFirst().function().name();
        return new WeightedRewards(both, own.decides().isEmpty() ? Set.of(first) : own.decides());
    }

    /** The second of a name is called NAME_2, and so on: two forms by regex are two rewards. */
    private static List<Weighted> apart(List<Weighted> rewards) {
        Map<String, Integer> seen = new HashMap<>();
        List<Weighted> apart = new ArrayList<>();
        for (Weighted reward : rewards) {
            String name = reward.function().name();
            int number = seen.merge(name, 1, Integer::sum);
            apart.add(
                    number == 1
                            ? reward
                            : new Weighted(
                                    named(name + "_" + number, reward.function()),
                                    reward.weight(),
                                    reward.warmupSteps()));
        }
        return apart;
    }

    private static Reward named(String name, Reward reward) {
        return switch (reward) {
            case RewardFunction function -> RewardFunction.named(name, function);
            case BatchReward batch -> BatchReward.named(name, batch);
        };
    }

    private List<Weighted> weighted(RewardModels models) {
        return all.stream().map(chosen -> chosen.make(models)).toList();
    }
}
