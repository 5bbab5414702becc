// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.SaveOptions;
import dev.jacobian.transformer.lora.AdapterSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian merge}: a model and an adapter of it become one checkpoint. */
@Command(
        name = "merge",
        header = "Merge an adapter into its model.",
        description =
                "Writes a checkpoint that computes what the model computes with the adapter (LoRA or DoRA in PEFT's"
                    + " form), and needs no adapter any more. A head that was the embedding becomes one of its own if"
                    + " the adapter changes either.",
        footer = {"%nExample:", "  jacobian merge --model DIR --adapter DIR --out DIR --dtype BF16"})
final class MergeCommand extends CliCommand {
    @Mixin
    private ModelOption model;

    @Option(names = "--adapter", paramLabel = "DIR", required = true, description = "The adapter's folder.")
    private Path adapter;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of the merged checkpoint.")
    private Path out;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "How the weights are stored: F32, BF16 or F16 (default: each as the model has it).")
    private Optional<SftCommand.Stored> dtype = Optional.empty();

    MergeCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void execute() {
        if (Files.exists(out)) {
            throw new CliException(out + " exists already; choose another folder with --out");
        }
        CausalLM adapted = CausalLM.load(
                model.folder(),
                ModelOptions.DEFAULT.on(Device.CPU),
                new AdapterSource.Saved(LoraOption.existing(adapter)));
        CausalLM merged = adapted.merged();
        merged.save(
                out,
                dtype.map(type -> SaveOptions.of(DType.valueOf(type.name()))).orElseGet(SaveOptions::asLoaded));
        int modules = adapted.adapter().orElseThrow().modules().size();
        if (common().json()) {
            ObjectNode json = Json.object();
            json.put("out", out.toString());
            json.put("modules", modules);
            json.put("parameters", merged.config().parameters());
            streams().json(json);
        } else {
            streams()
                    .line("wrote " + out + ": " + merged + ", of which the adapter has changed " + modules
                            + " modules");
        }
    }
}
