// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import static dev.jacobian.rl.config.Checks.require;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.rl.config.Arguments;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.reward.Reward;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.RoutedReward;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A route by a column's value to other rewards of the catalogue.
 *
 * <p>A reward there is NAME or, in a file of settings, {@code NAME,KEY=VALUE} as {@code --reward} takes it. verl's names of data sets have a
 * route without being asked for; what is given stands before them.
 */
public record RouteSettings(
        @Setting(value = "data_source", doc = "column that names the kind of row")
        String kind,

        @Setting(
                value = "null",
                doc = "kind=REWARD, with commas between several; in JSON an object, whose rewards may have settings"
                        + " (NAME,KEY=VALUE); besides, verl's data sets (openai/gsm8k, lighteval/MATH, …) have theirs")
        Arguments routes,

        @Setting(value = "refuse", doc = "the reward of all other kinds, or refuse for an error")
        String otherwise,

        @Setting(value = "", doc = "column with the reference of all these rewards; empty for each one's own")
        String column) {
    private static final RouteSettings DEFAULT = ConfigTree.defaults(RouteSettings.class);
    private static final String NAME = "route";
    private static final String REFUSE = "refuse";
    private static final String COLUMN = "column";

    /** What verl scores these with. */
    private static final Map<String, String> VERL = Map.of(
            "openai/gsm8k", "gsm8k",
            "lighteval/MATH", "boxed",
            "DigitalLearningGmbH/MATH-lighteval", "boxed",
            "HuggingFaceH4/MATH-500", "boxed");

    static NamedReward entry() {
        return new NamedReward(
                NAME,
                "another reward for each kind of row, which a column (data_source) names",
                Optional.empty(),
                DEFAULT,
                (settings, models) -> ((RouteSettings) settings).reward(models),
                1);
    }

    private Reward reward(RewardModels models) {
        Map<String, String> names = new TreeMap<>(VERL);
        routes.values().forEach((kindOfRow, name) -> names.put(kindOfRow, String.valueOf(name)));
        Map<String, RewardFunction> functions = new TreeMap<>();
        names.forEach((kindOfRow, name) -> functions.put(kindOfRow, function(name, models)));
        return new RoutedReward(
                kind,
                functions,
                otherwise.equals(REFUSE) ? Optional.empty() : Optional.of(function(otherwise, models)));
    }

    private RewardFunction function(String text, RewardModels models) {
        ChosenReward chosen = ChosenReward.read(TextNode.valueOf(text), "routes");
        NamedReward reward = chosen.reward();
        require(
                chosen.weight() == 1 && chosen.warmupSteps() == 0,
                "a route has no weight and no warm-up of its own, but '" + text + "' has; give them to the route");
        Given settings = new Given().setAll(chosen.settings());
        if (!column.isEmpty() && reward.has(COLUMN) && settings.get(COLUMN).isEmpty()) {
            settings.set(COLUMN, column, "the route's column");
        }
        if (reward.name().equals(NAME) || !(reward.make(settings, models) instanceof RewardFunction function)) {
            throw new IllegalArgumentException(
                    "a route leads to a reward that looks at one completion by itself, which '" + text + "' does not");
        }
        return function;
    }
}
