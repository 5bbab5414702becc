// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.io.gguf.GgufType;
import dev.jacobian.transformer.GgufExport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code convert}: a checkpoint as a GGUF file, tensor by tensor. */
@Command(
        name = "convert",
        header = "Write a model as a GGUF file that llama.cpp loads.",
        description = "Writes a checkpoint, weights and tokenizer and chat template, as one GGUF file. A model that the"
                + " format cannot describe is refused.",
        footer = {"%nExample:", "  jacobian convert --model DIR --out model.gguf --type q8_0"})
final class ConvertCommand extends CliCommand {
    @Mixin
    private ModelOption model;

    @Option(
            names = "--out",
            paramLabel = "FILE.gguf",
            required = true,
            description = "The file; one that is there is replaced when the new one is whole.")
    private Path out;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "f16",
            converter = TypeConverter.class,
            description =
                    "What matrices are stored as: f32, f16, bf16, q8_0 or q4_0 (default: ${DEFAULT-VALUE}). Norms,"
                            + " biases and routers stay F32.")
    private GgufType type;

    ConvertCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        if (!GgufFile.isNamed(out)) {
            throw usage("--out " + out + " does not end in " + GgufFile.SUFFIX);
        }
    }

    @Override
    void execute() {
        OutputFile.require(out);
        GgufExport.Result result = GgufExport.write(model.folder(), out, type);
        List<String> remarks = new ArrayList<>(result.remarks());
        List<String> settings = RecommendedOption.named(model.folder());
        if (!settings.isEmpty()) {
            remarks.add("the file does not hold what generation_config.json recommends (" + String.join(", ", settings)
                    + "); give it as options where the file is used");
        }
        remarks.forEach(remark -> streams().note("note: " + remark));
        if (common().json()) {
            ObjectNode object = Json.object();
            object.put("out", out.toString());
            object.put("type", type.name());
            object.put("tensors", result.tensors());
            object.put("bytes", size());
            remarks.forEach(object.putArray("remarks")::add);
            streams().json(object);
        } else {
            streams()
                    .line(String.format(
                            Locale.ROOT, "%s: %d tensors, %.2f MiB, %s", out, result.tensors(), size() / 0x1p20, type));
        }
    }

    private long size() {
        try {
            return Files.size(out);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + out + ": " + e.getMessage(), e);
        }
    }

    /** Parses the option. */
    static final class TypeConverter implements ITypeConverter<GgufType> {
        TypeConverter() {}

        @Override
        public GgufType convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "f32" -> GgufType.F32;
                case "f16" -> GgufType.F16;
                case "bf16" -> GgufType.BF16;
                case "q8_0" -> GgufType.Q8_0;
                case "q4_0" -> GgufType.Q4_0;
                default -> throw new TypeConversionException("'" + text + "' is not one of f32, f16, bf16, q8_0, q4_0");
            };
        }
    }
}
