// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.io.gguf.GgufType;
import dev.jacobian.io.gguf.GgufWriter;
import dev.jacobian.io.gguf.TokenizerKeys;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.gguf.GgufDescription;
import dev.jacobian.transformer.gguf.GgufModel;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a model as a GGUF file that llama.cpp loads.
 *
 * <p>Decisions: tensors are read, turned and written one after the other, so the model need not fit into memory. Norms, biases,
 * routers and positions stay F32, as llama.cpp's own converter has them; a matrix whose rows do not divide into blocks becomes
 * F16, and is told.
 */
public final class GgufExport {
    /** Tensors that llama.cpp wants in F32 whatever the rest is. */
    private static final Set<Role> ALWAYS_F32 = Set.of(Role.ROUTER, Role.SHARED_WEIGHT, Role.POSITION_EMBEDDING);

    private GgufExport() {}

    /** What was written. */
    public record Result(long tensors, List<String> remarks) {}

    /**
     * Writes a file.
     *
     * @param model a folder in Hugging Face's form, or another GGUF file
     * @param file what is written; it is replaced when the new one is whole
     * @param type of matrices: F32, F16, BF16, Q8_0 or Q4_0
     * @throws dev.jacobian.io.FormatException if the model is broken, or cannot be said in the format
     * @throws IllegalArgumentException if a number is beyond the type
     */
    public static Result write(Path model, Path file, GgufType type) {
        String name = String.valueOf(model.toAbsolutePath().normalize().getFileName());
        if (GgufFile.isNamed(model)) {
            try (GgufModel source = GgufModel.open(model)) {
                CheckpointWeights weights = new CheckpointWeights(source.weights(), source.plan(), model);
                return write(
                        source.config(),
                        new RenamedWeights(weights, source.config().plan(), source.plan()),
                        CheckpointFiles.of(source.companions(), model),
                        new Target(file, type, name, model.toString()));
            }
        }
        DecoderConfig config = Families.read(model);
        try (CheckpointTensors tensors = CheckpointTensors.open(model)) {
            StoredWeights stored = StoredWeights.of(tensors, config.quantization());
            DecoderConfig named = config.withPlan(CheckpointWeights.named(config.plan(), stored.names()));
            return write(
                    named,
                    new CheckpointWeights(stored, named.plan(), model),
                    CheckpointFiles.read(model),
                    new Target(file, type, name, model.toString()));
        }
    }

    private record Target(Path file, GgufType type, String name, String where) {}

    private static Result write(DecoderConfig config, Weights weights, CheckpointFiles files, Target target) {
        GgufDescription description = GgufDescription.of(config, target.where());
        GgufWriter out = new GgufWriter();
        description.put(out, target.name(), target.where());
        List<String> remarks = new ArrayList<>(description.remarks());
        remarks.addAll(tokenizer(config, files, out, target.where()));
        DecoderPlan plan = description.plan();
        Map<TensorSpec, TensorSpec> own = new HashMap<>(); // of the model, by that of the file
        for (int i = 0; i < plan.tensors().size(); i++) {
            own.put(plan.tensors().get(i), config.plan().tensors().get(i));
        }
        Map<String, List<TensorSpec>> together = new LinkedHashMap<>();
        plan.tensors()
                .forEach(spec -> together.computeIfAbsent(spec.layout().stored(), stored -> new ArrayList<>())
                        .add(spec));
        List<String> narrower = new ArrayList<>();
        together.forEach((stored, specs) -> {
            TensorSpec first = specs.getFirst();
            List<Long> extents = description.extentsInFile(
                    stored,
                    first.layout().extents(first).stream().map(Long::valueOf).toList());
            GgufType type = type(first, extents, target.type());
            if (isMatrix(first) && type != target.type()) {
                narrower.add(stored);
            }
            out.tensor(
                    description.nameInFile(stored),
                    type,
                    extents,
                    () -> description.toFile(stored, numbers(specs, own, weights)));
        });
        description
                .factors()
                .forEach((stored, factors) -> out.tensor(
                        stored,
                        GgufType.F32,
                        List.of((long) factors.length),
                        () -> Tensor.of(factors, factors.length)));
        if (!narrower.isEmpty()) {
            remarks.add(
                    narrower.size() + " tensors, such as " + narrower.getFirst() + ", have rows that do not divide into"
                            + " blocks of " + target.type().block() + "; they are F16");
        }
        out.write(target.file());
        return new Result(together.size() + description.factors().size(), remarks);
    }

    private static List<String> tokenizer(DecoderConfig config, CheckpointFiles files, GgufWriter out, String where) {
        if (files.tokenizer().isEmpty()) {
            TokenizerKeys.none(out);
            return List.of();
        }
        Tokenizer tokenizer = files.tokenizer().get();
        byte[] json = files.contents().get("tokenizer.json");
        List<String> remarks = TokenizerKeys.put(
                Json.parse(json == null ? new byte[0] : json, where + ", tokenizer.json"),
                tokenizer.config(),
                config.vocabularySize(),
                out,
                where + ", tokenizer.json");
        List<Integer> ends = List.copyOf(files.eosTokenIds(config));
        if (!ends.isEmpty()) {
            int usual = tokenizer.eosId().orElse(ends.getFirst());
            out.put("tokenizer.ggml.eos_token_id", ends.contains(usual) ? usual : ends.getFirst());
            ends.stream()
                    .filter(id -> id != usual)
                    .findFirst()
                    .ifPresent(id -> out.put("tokenizer.ggml.eot_token_id", id));
        }
        return remarks;
    }

    private static boolean isMatrix(TensorSpec spec) {
        boolean matrix = switch (spec.kind()) {
            case TABLE, MATRIX, EXPERTS -> true;
            default -> false;
        };
        return matrix && !ALWAYS_F32.contains(spec.role());
    }

    private static GgufType type(TensorSpec spec, List<Long> extents, GgufType wanted) {
        if (!isMatrix(spec)) {
            return GgufType.F32;
        }
        return extents.getLast() % wanted.block() == 0 ? wanted : GgufType.F16;
    }

    private static Tensor numbers(List<TensorSpec> specs, Map<TensorSpec, TensorSpec> own, Weights weights) {
        List<Tensor> result = new ArrayList<>();
        StoredTensors.put(
                specs,
                spec -> {
                    TensorSpec of = own.get(spec);
                    if (of == null) {
                        throw new IllegalStateException("no tensor of the model is " + spec.name());
                    }
                    return weights.get(of).value();
                },
                (stored, numbers) -> result.add(numbers));
        return result.getFirst();
    }
}
