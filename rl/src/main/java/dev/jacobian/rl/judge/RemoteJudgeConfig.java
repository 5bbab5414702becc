// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/** Where a {@link RemoteJudge} is and how it is asked. */
public record RemoteJudgeConfig(
        @Setting(value = "", doc = "address of an OpenAI-compatible server, such as http://localhost:8000/v1")
        String url,

        @Setting(value = "", doc = "the model's name there") String model,

        @Setting(value = "answer", doc = "column with the reference answer")
        String column,

        @Setting(
                value = "",
                doc = "what is asked, with {prompt}, {reference} and {response} in it; the answer's last"
                        + " {\"correct\": …} counts; empty for the judge's own question")
        String question,

        @Setting(value = "OPENAI_API_KEY", doc = "environment variable with the key; none is sent if it is not set")
        String apiKeyEnv,

        @Setting(value = "1024", doc = "most tokens of an answer")
        int maxTokens,

        @Setting(value = "0.0", doc = "sampling temperature of the judge; above 0 its verdicts vary")
        double temperature,

        @Setting(value = "60.0", doc = "seconds that a request may take")
        double requestTimeout,

        @Setting(value = "3", doc = "how often a request is sent again after an error that may pass")
        int retries,

        @Setting(value = "0.5", doc = "seconds before it is sent again, twice as long each time")
        double backoff,

        @Setting(
                value = "",
                doc = "file that keeps verdicts, so that nothing is asked twice, also in another run; empty for none")
        String cache) {
    /** Without an address. */
    public static final RemoteJudgeConfig DEFAULT = ConfigTree.defaults(RemoteJudgeConfig.class);

    public RemoteJudgeConfig {
        requireAtLeast("max_tokens", 1, maxTokens);
        requireAtLeast("temperature", 0, temperature);
        requirePositive("request_timeout", requestTimeout);
        requireAtLeast("retries", 0, retries);
        requireAtLeast("backoff", 0, backoff);
    }
}
