// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufTokenizer;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A GGUF file as what a checkpoint folder would hold: a config.json, weights, tokenizer files. Whatever takes a folder so takes a
 * file.
 */
public final class GgufModel implements AutoCloseable {
    private final GgufCheckpoint file;
    private final DecoderConfig config;
    private final DecoderPlan plan;
    private final GgufWeights weights;

    private GgufModel(GgufCheckpoint file, DecoderConfig config, DecoderPlan plan, GgufWeights weights) {
        this.file = file;
        this.config = config;
        this.plan = plan;
        this.weights = weights;
    }

    /**
     * Opens a file and reads what it says; numbers stay where they are.
     *
     * @throws FormatException if it is broken, or of an architecture that is not known
     */
    public static GgufModel open(Path path) {
        GgufCheckpoint file = GgufCheckpoint.open(path);
        try {
            return open(file);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private static GgufModel open(GgufCheckpoint file) {
        GgufKeys keys = new GgufKeys(file.metadata());
        GgufArchitecture architecture = GgufArchitecture.of(keys);
        ObjectNode json = GgufConfig.read(architecture, keys, tensors(file));
        DecoderConfig config = Families.parse(json, file.metadata().where());
        DecoderPlan plan = config.plan().withNames(names(architecture, config.plan(), keys, file));
        Set<String> planned = new LinkedHashSet<>();
        plan.tensors().forEach(spec -> planned.add(spec.layout().stored()));
        return new GgufModel(file, config, plan, new GgufWeights(file, planned, GgufForms.of(architecture, plan)));
    }

    /** The names of the file; layers that predict tokens after the next may follow the others, and are passed over. */
    private static CheckpointNames names(
            GgufArchitecture architecture, DecoderPlan plan, GgufKeys keys, GgufCheckpoint file) {
        CheckpointNames names = GgufNames.of(architecture, plan, file::contains);
        int layers = plan.layers().size();
        String[] behind = IntStream.range(layers, keys.requireSize("block_count"))
                .mapToObj(layer -> "blk." + layer + ".")
                .toArray(String[]::new);
        return behind.length == 0 ? names : names.beside(behind);
    }

    private static GgufConfig.Tensors tensors(GgufCheckpoint file) {
        return new GgufConfig.Tensors() {
            @Override
            public boolean has(String name) {
                return file.contains(name);
            }

            @Override
            public int count() {
                return file.tensors().size();
            }

            @Override
            public long vocabulary() {
                List<Long> extents = file.file("token_embd.weight")
                        .tensor("token_embd.weight")
                        .extents();
                if (extents.size() != 2) {
                    throw new FormatException(
                            file.metadata().where() + ", tensor 'token_embd.weight'",
                            "it has shape " + extents + ", a table of rows has two extents",
                            "Fetch the file again");
                }
                return extents.getFirst();
            }

            @Override
            public float[] numbers(String name) {
                return file.file(name).read(name).toFloatArray();
            }
        };
    }

    /** The configuration, under the names of config.json. */
    public DecoderConfig config() {
        return config;
    }

    /** The same plan as the configuration's, with the names of tensors in the file. */
    public DecoderPlan plan() {
        return plan;
    }

    /** The weights by the names of {@link #plan}. */
    public StoredWeights weights() {
        return weights;
    }

    /** The file. */
    public GgufCheckpoint file() {
        return file;
    }

    /** The small files that a folder would have beside config.json and weights, by their names. */
    public Map<String, byte[]> companions() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        GgufTokenizer.json(file.metadata()).ifPresent(json -> {
            files.put("tokenizer.json", bytes(json));
            files.put("tokenizer_config.json", bytes(GgufTokenizer.config(file.metadata())));
        });
        ObjectNode generation = Json.object();
        ArrayNode ends = generation.putArray("eos_token_id");
        config.source().path("eos_token_id").forEach(ends::add);
        if (!ends.isEmpty()) {
            files.put("generation_config.json", bytes(generation));
        }
        return files;
    }

    private static byte[] bytes(ObjectNode json) {
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        file.close();
    }
}
