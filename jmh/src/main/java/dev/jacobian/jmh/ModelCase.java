// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.config.ModelFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Llama with random weights and a batch of random tokens.
 *
 * @param hidden hidden size; heads have 32 elements, two query heads share a key head, the MLP is 8/3 as wide
 * @param layers number of layers
 * @param vocabulary vocabulary size
 * @param sequences sequences of the batch
 * @param length tokens of each
 */
public record ModelCase(int hidden, int layers, int vocabulary, int sequences, int length) {
    private static final Pattern FORM = Pattern.compile("d(\\d+) l(\\d+) v(\\d+) (\\d+)x(\\d+)");
    private static final int HEAD_DIM = 32;

    /** Reads {@code dHIDDEN lLAYERS vVOCABULARY SEQUENCESxLENGTH}. */
    public static ModelCase parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not of the form 'dHIDDEN lLAYERS vVOCABULARY SEQUENCESxLENGTH'");
        }
        return new ModelCase(
                Integer.parseInt(m.group(1)),
                Integer.parseInt(m.group(2)),
                Integer.parseInt(m.group(3)),
                Integer.parseInt(m.group(4)),
                Integer.parseInt(m.group(5)));
    }

    /** The model; the same weights every time. */
    CausalLM model() {
        return CausalLM.create(config(), Optional.empty(), 1);
    }

    private DecoderConfig config() {
        ObjectNode json = Json.object();
        json.put("model_type", "llama");
        json.put("vocab_size", vocabulary);
        json.put("hidden_size", hidden);
        json.put("intermediate_size", hidden * 8 / 3 / 16 * 16);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", hidden / HEAD_DIM);
        json.put("num_key_value_heads", hidden / HEAD_DIM / 2);
        json.put("head_dim", HEAD_DIM);
        json.put("hidden_act", "silu");
        json.put("max_position_embeddings", 4096);
        json.put("rms_norm_eps", 1e-5);
        json.put("rope_theta", 10000.0);
        json.put("tie_word_embeddings", true);
        return ModelFamily.parse(json, "benchmark");
    }

    /** The batch; the same tokens every time. */
    List<int[]> tokens() {
        Rng rng = new Rng(7, 0);
        List<int[]> batch = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            int[] tokens = new int[length];
            for (int t = 0; t < length; t++) {
                tokens[t] = rng.nextInt(vocabulary);
            }
            batch.add(tokens);
        }
        return batch;
    }

    /** The usual estimate of a training step: 6 operations per parameter and token. */
    double trainingOperations() {
        return 6.0 * config().parameters() * sequences * length;
    }

    /** 2 operations per parameter and generated token. */
    double decodeOperations() {
        return 2.0 * config().parameters() * sequences * length;
    }
}
