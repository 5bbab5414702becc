// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.transformer.TestModels.tokens;

import dev.jacobian.io.Json;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.Engine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Submission;
import java.util.List;
import java.util.Optional;

/**
 * A long prompt and some tokens behind it, on a tiny model, whose memory can be planned and, in a JVM of its own, measured.
 *
 * @param cache {@code full}, {@code window} or {@code q8_0}
 * @param prompt tokens of the prompt
 */
record LongContextRun(String cache, int prompt) {
    private static final int NEW_TOKENS = 48;
    static final int VOCABULARY = 512;

    /** Arguments: the two components. Prints how it ended. */
    static void main(String[] args) {
        LongContextRun run = new LongContextRun(args[0], Integer.parseInt(args[1]));
        try {
            System.out.println("completed with " + run.generate().tokenIds().length + " tokens");
        } catch (OutOfMemoryError tooSmall) {
            System.out.println("out of memory");
        }
    }

    List<String> arguments() {
        return List.of(cache, Integer.toString(prompt));
    }

    private DecoderConfig config() {
        return config(cache.equals("window"), prompt + NEW_TOKENS);
    }

    /** A model of two layers for so many positions, with or without a window. */
    static DecoderConfig config(boolean hasWindow, int positions) {
        String json = """
            {"model_type": "mistral", "vocab_size": %d, "hidden_size": 64, "intermediate_size": 128,
             "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32,
             "hidden_act": "silu", "max_position_embeddings": %d, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
             "initializer_range": 0.02, "tie_word_embeddings": true, "sliding_window": %s}
            """.formatted(VOCABULARY, positions, hasWindow ? "512" : "null");
        return Families.parse(Json.parse(json, "config"), "long context");
    }

    private ModelOptions options() {
        return ModelOptions.DEFAULT.kvCache(cache.equals("q8_0") ? KvCacheType.Q8_0 : KvCacheType.AUTO);
    }

    MemoryPlan plan() {
        return MemoryPlanner.inference(config(), options())
                .generation(1, 1, prompt, NEW_TOKENS, false)
                .plan();
    }

    /** The run itself: an engine whose pieces are the planned ones, though a small heap would make a {@code Generator} take smaller ones. */
    Generation generate() {
        CausalLM model = CausalLM.create(config(), Optional.empty(), 1, options());
        GenerationConfig greedy = GenerationConfig.builder()
                .maxNewTokens(NEW_TOKENS)
                .doSample(false)
                .ignoreEos(true)
                .build();
        EngineConfig limits = EngineConfig.DEFAULT
                .withMaxPrefillTokens(MemoryPlanner.PREFILL_TOKENS)
                .withPrefixReuse(PrefixReuse.PROMPTS)
                .withKvCacheGb(1);
        return new Workspace().compute(() -> {
            try (Engine engine = new Engine(model, limits)) {
                Submission submission = engine.submit(new GenerationRequest(tokens(1, prompt, VOCABULARY), greedy));
                while (engine.step()) {
                    // to the end
                }
                return submission.result().join().getFirst();
            }
        });
    }
}
