// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model from random weights, warmed up on demonstrations: the smallest that an experiment can begin with. Qwen3's architecture, a
 * vocabulary of single characters and a few tags.
 *
 * @param hidden width D, a multiple of 8
 * @param layers how many
 * @param data demonstrations
 * @param steps of fine-tuning; 0 leaves random weights
 * @param batch demonstrations of a step
 * @param learningRate of fine-tuning, the highest
 */
public record TinyModel(int hidden, int layers, Trace data, int steps, int batch, double learningRate) {
    private static final String END = "<|endoftext|>";
    private static final List<String> TAGS = List.of("<think>", "</think>", "<answer>", "</answer>", Trace.WAIT);
    private static final String CHARACTERS = "0123456789+=!>:?abcdefghijklmnopqrstuvwxyz";
    private static final int HEADS = 4;
    private static final int POSITIONS = 256;

    /** 0.09 million parameters after 400 steps of 64 demonstrations. */
    public static TinyModel of(Trace data) {
        return new TinyModel(64, 2, data, 400, 64, 3e-3);
    }

    /**
     * Trains it.
     *
     * @param seed of weights and demonstrations
     */
    public CausalLM make(long seed) {
        return steps == 0 ? fresh(seed) : tuned(fresh(seed), data, steps, batch, learningRate, seed);
    }

    /** A model that was trained on further demonstrations. */
    public static CausalLM tuned(
            CausalLM model, SftDataset data, int steps, int batch, double learningRate, long seed) {
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(steps)
                .perDeviceTrainBatchSize(batch)
                .learningRate(learningRate)
                .seed(seed)
                .build();
        OfflineTrainer.sft(model, data, config).train();
        return model;
    }

    /** With random weights. */
    public CausalLM fresh(long seed) {
        try {
            Path folder = Files.createTempDirectory("jacobian-tiny");
            try {
                Json.write(folder.resolve("config.json"), config());
                Json.write(folder.resolve("tokenizer.json"), tokenizer());
                Json.write(
                        folder.resolve("tokenizer_config.json"), Json.object().put("eos_token", END));
                return CausalLM.create(Families.read(folder), Optional.of(folder), seed);
            } finally {
                try (Stream<Path> files = Files.walk(folder)) {
                    for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(path);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a tiny model in the folder for temporary files", e);
        }
    }

    private ObjectNode config() {
        int end = CHARACTERS.length() + TAGS.size();
        ObjectNode json = Json.object();
        json.putArray("architectures").add("Qwen3ForCausalLM");
        return json.put("model_type", "qwen3")
                .put("vocab_size", end + 1)
                .put("hidden_size", hidden)
                .put("intermediate_size", hidden * 5 / 2)
                .put("num_hidden_layers", layers)
                .put("num_attention_heads", HEADS)
                .put("num_key_value_heads", HEADS / 2)
                .put("head_dim", hidden / HEADS)
                .put("hidden_act", "silu")
                .put("max_position_embeddings", POSITIONS)
                .put("rms_norm_eps", 1e-6)
                .put("rope_theta", 10000.0)
                .put("attention_bias", false)
                .put("tie_word_embeddings", true)
                .put("initializer_range", 0.02)
                .put("eos_token_id", end)
                .put("pad_token_id", end);
    }

    /** Characters that nothing merges, and tags. */
    private static ObjectNode tokenizer() {
        ObjectNode json = Json.object().put("version", "1.0");
        ArrayNode added = json.putArray("added_tokens");
        ObjectNode vocabulary = Json.object();
        for (int i = 0; i < CHARACTERS.length(); i++) {
            vocabulary.put(CHARACTERS.substring(i, i + 1), i);
        }
        for (String tag : Stream.concat(TAGS.stream(), Stream.of(END)).toList()) {
            int id = vocabulary.size() + added.size();
            added.addObject()
                    .put("id", id)
                    .put("content", tag)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", tag.equals(END));
        }
        json.set("pre_tokenizer", byteLevel());
        json.set("decoder", byteLevel());
        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.set("vocab", vocabulary);
        model.putArray("merges");
        return json;
    }

    private static ObjectNode byteLevel() {
        return Json.object()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
    }
}
