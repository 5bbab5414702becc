// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.judge.RewardModel;
import java.nio.file.Path;
import java.util.Optional;

/** A reward model and where it lies. */
public record ScoringModelSettings(
        @Setting(value = "", doc = "folder of the model, which 'jacobian reward' or another program trained")
        String path,

        @Setting(value = "false", doc = "keep it in the host's memory while it does not score")
        boolean offload) {
    private static final ScoringModelSettings DEFAULT = ConfigTree.defaults(ScoringModelSettings.class);

    static NamedReward entry() {
        return new NamedReward(
                "reward_model",
                "the score of a model (ForSequenceClassification with one label)",
                Optional.empty(),
                DEFAULT,
                (settings, models) -> ((ScoringModelSettings) settings).reward(models),
                0);
    }

    private RewardModel reward(RewardModels models) {
        require(!path.isBlank(), "reward_model needs the model's folder: path=DIR");
        return new RewardModel(models.load(Path.of(path), offload));
    }
}
