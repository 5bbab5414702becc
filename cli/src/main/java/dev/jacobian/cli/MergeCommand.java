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
import dev.jacobian.transformer.merge.MergeConfig;
import dev.jacobian.transformer.merge.ModelMerge;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian merge}: several models, or a model and an adapter of it, become one checkpoint. */
@Command(
        name = "merge",
        header = "Merge models, or an adapter into its model.",
        description = {
            "With --config or --method: several models of one architecture become one by arithmetic on their weights,"
                    + " as mergekit does it and by its names, tensor by tensor, so that none need fit into memory."
                    + " linear without weights is the plain average.",
            "With --adapter: writes a checkpoint that computes what the model computes with the adapter (LoRA or DoRA"
                + " in PEFT's form), and needs no adapter any more. A head that was the embedding becomes one of its"
                + " own if the adapter changes either."
        },
        footer = {
            "%nExamples:",
            "  jacobian merge --method linear --model LONG --model SHORT --out average",
            "  jacobian merge --method slerp --t 0.3 --model LONG --model SHORT --out between",
            "  jacobian merge --method ties --base DIR --model A --model B --density 0.5 --out both",
            "  jacobian merge --config merge.yml --out merged",
            "  jacobian merge --model DIR --adapter DIR --out merged --dtype BF16"
        })
final class MergeCommand extends CliCommand {
    @Option(names = "--model", paramLabel = "DIR", description = "A model's folder; once for each that is merged.")
    private List<Path> models = List.of();

    @Option(names = "--adapter", paramLabel = "DIR", description = "The folder of an adapter of the model.")
    private Optional<Path> adapter = Optional.empty();

    @Mixin
    private MergeOptions merge;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of the merged checkpoint.")
    private Path out;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "How the weights are stored: F32, BF16 or F16 (default: each as the model has it, the base or"
                    + " else the first).")
    private Optional<SftCommand.Stored> dtype = Optional.empty();

    MergeCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void checkUsage() {
        if (adapter.isPresent()) {
            merge.first().ifPresent(option -> {
                throw usage("--adapter merges an adapter into its model, and " + option
                        + " is about models; do one after the other");
            });
            if (models.size() != 1) {
                throw usage("--adapter is merged into one model, and " + models.size() + " are given with --model");
            }
        } else if (!merge.areGiven()) {
            throw usage("what is to be merged? Several models (--method NAME or --config FILE.yml), or a model and an"
                    + " --adapter DIR");
        } else {
            merge.wrong(models).ifPresent(wrong -> {
                throw usage(wrong);
            });
        }
    }

    @Override
    void execute() {
        if (Files.exists(out)) {
            throw new CliException(out + " exists already; choose another folder with --out");
        }
        if (adapter.isPresent()) {
            mergeAdapter(ModelOption.existing(models.getFirst()), adapter.get());
        } else {
            mergeModels();
        }
    }

    private Optional<DType> stored() {
        return dtype.map(type -> DType.valueOf(type.name()));
    }

    private void mergeModels() {
        MergeConfig config = merge.config(models, stored());
        try (ModelMerge opened = ModelMerge.open(config, common().seed())) {
            opened.remarks().forEach(remark -> streams().note("note: " + remark));
            opened.write(out);
            if (common().json()) {
                ObjectNode json = Json.object();
                json.put("out", out.toString());
                json.put("method", config.method().name());
                json.put("models", config.models().size());
                json.put("tensors", opened.tensors());
                json.put("parameters", opened.parameters());
                opened.remarks().forEach(json.putArray("remarks")::add);
                streams().json(json);
            } else {
                streams()
                        .line("wrote " + out + ": " + config.models().size() + " models by "
                                + config.method().name() + ", " + opened.tensors() + " tensors; what was merged is in "
                                + ModelMerge.CONFIGURATION + " there");
            }
        }
    }

    private void mergeAdapter(Path model, Path of) {
        CausalLM adapted = CausalLM.load(
                model, ModelOptions.DEFAULT.on(Device.CPU), new AdapterSource.Saved(LoraOption.existing(of)));
        CausalLM merged = adapted.merged();
        merged.save(out, stored().map(SaveOptions::of).orElseGet(SaveOptions::asLoaded));
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
