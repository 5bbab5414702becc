// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.judge.ReasoningJudge;
import java.nio.file.Path;
import java.util.Optional;

/** A judge in this process and where it lies. */
public record JudgeSettings(
        @Setting(value = "", doc = "folder of a language model")
        String path,

        @Setting(value = "answer", doc = "column with the reference answer")
        String column,

        @Setting(value = "512", doc = "most tokens of its reasoning")
        int reasoningTokens,

        @Setting(value = "false", doc = "keep it in the host's memory while it does not judge")
        boolean offload) {
    private static final JudgeSettings DEFAULT = ConfigTree.defaults(JudgeSettings.class);

    /** Checks the limit. */
    public JudgeSettings {
        requireAtLeast("reasoning_tokens", 1, reasoningTokens);
    }

    static NamedReward entry() {
        return new NamedReward(
                "judge",
                "1 where a language model reasons that the reference is met",
                Optional.empty(),
                DEFAULT,
                (settings, models) -> ((JudgeSettings) settings).reward(models),
                1);
    }

    private ReasoningJudge reward(RewardModels models) {
        require(!path.isBlank(), "judge needs the model's folder: path=DIR");
        return new ReasoningJudge(models.load(Path.of(path), offload), column, reasoningTokens);
    }
}
