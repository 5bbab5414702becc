// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.Arguments;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.reward.GroupReward;
import dev.jacobian.rl.reward.Reward;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A reward that has a name.
 *
 * @param name what {@code --reward} says
 * @param doc what it gives, in a line
 * @param alias the name that TRL, open-r1 or verl has for it, if that is another
 * @param defaults its settings with their defaults: a record whose components are {@link dev.jacobian.rl.config.Setting}s
 * @param make makes the reward of settings
 * @param solvedFrom what it gives a completion that solves its problem, at least; NaN for one that does not tell right from wrong
 */
public record NamedReward(
        String name,
        String doc,
        Optional<String> alias,
        Record defaults,
        BiFunction<Record, RewardModels, Reward> make,
        double solvedFrom) {

    /** The same of a reward that does not tell right from wrong, such as one for form. */
    static <R extends Record & Reward> NamedReward ofForm(String name, R reward, String doc) {
        return new NamedReward(
                name, doc, Optional.empty(), reward, (settings, models) -> (Reward) settings, Double.NaN);
    }

    /** Whether it tells right from wrong. */
    boolean judges() {
        return !Double.isNaN(solvedFrom);
    }

    /** Whether it compares the lengths of a prompt's samples, of which others say whether they are right. */
    public boolean weighsLengths() {
        return defaults instanceof GroupReward;
    }

    /** A reward that is a record of its own settings, and gives 1 for what is right. */
    static <R extends Record & Reward> NamedReward of(String name, R reward, String doc) {
        return new NamedReward(name, doc, Optional.empty(), reward, (settings, models) -> (Reward) settings, 1);
    }

    /** The same under another program's name too. */
    NamedReward as(String other) {
        return new NamedReward(name, doc, Optional.of(other), defaults, make, solvedFrom);
    }

    /** Whether somebody means it. */
    boolean isCalled(String asked) {
        return name.equals(asked) || alias.filter(asked::equals).isPresent();
    }

    /** Its settings, with their defaults. */
    public List<ConfigTree.Key> settings() {
        return ConfigTree.keys(defaults);
    }

    /** Whether it asks a model that must be loaded. */
    public boolean needsModel() {
        return has("path");
    }

    /** Whether it has a setting. */
    public boolean has(String key) {
        return ConfigTree.names(defaults).contains(key);
    }

    /** Whether a setting is a list of assignments, {@code a=b,c=d}. */
    boolean isList(String key) {
        return settings().stream().anyMatch(setting -> setting.name().equals(key) && setting.type() == Arguments.class);
    }

    /**
     * Its settings with some that are given.
     *
     * @throws FormatException for a key that it has not, a value of another type, or one that it refuses
     */
    public Record with(Given given) {
        List<String> keys = ConfigTree.names(defaults);
        for (String key : given.keys()) {
            if (!keys.contains(key)) {
                throw new FormatException(
                        given.get(key).map(Given.Value::origin).orElse(key),
                        "the reward " + name + " has no setting '" + key + "'",
                        keys.isEmpty() ? "It has none; leave it out" : "Its settings are " + String.join(", ", keys));
            }
        }
        return ConfigTree.with(defaults, given);
    }

    /**
     * The reward with settings.
     *
     * @param models loads the models of rewards that have one
     * @throws FormatException as {@link #with}
     * @throws IllegalArgumentException if the reward cannot be made of them
     */
    public Reward make(Given given, RewardModels models) {
        return make.apply(with(given), models);
    }

    /** All settings as JSON, those that are not given with their defaults. */
    public JsonNode json(Given given) {
        return ConfigTree.toJson(with(given));
    }
}
