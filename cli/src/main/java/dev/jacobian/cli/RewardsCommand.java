// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.reward.catalog.NamedReward;
import dev.jacobian.rl.reward.catalog.Rewards;
import picocli.CommandLine.Command;

/** {@code jacobian rewards}: what {@code --reward} can name, and what can be set of it. */
@Command(
        name = "rewards",
        header = "List the rewards.",
        description = "Lists every reward that 'score', 'rl' and 'eval' know by name, with its settings and their"
                + " defaults.")
final class RewardsCommand extends CliCommand {
    RewardsCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void execute() {
        if (common().json()) {
            ObjectNode all = Json.object();
            ArrayNode rewards = all.putArray("rewards");
            for (NamedReward reward : Rewards.all()) {
                ObjectNode entry = rewards.addObject();
                entry.put("name", reward.name());
                reward.alias().ifPresent(alias -> entry.put("alias", alias));
                entry.put("doc", reward.doc());
                entry.set("settings", SettingLines.json(reward.settings()));
            }
            streams().json(all);
            return;
        }
        for (NamedReward reward : Rewards.all()) {
            String alias = reward.alias().map(name -> " (also " + name + ")").orElse("");
            SettingLines.print(streams(), reward.name(), reward.doc() + alias, reward.settings());
        }
    }
}
