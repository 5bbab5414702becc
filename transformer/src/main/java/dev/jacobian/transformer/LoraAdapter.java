// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.LowRankDropout;
import dev.jacobian.autograd.LowRankWeight;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.lora.LoraConfig;
import dev.jacobian.transformer.lora.LoraConfigReader;
import dev.jacobian.transformer.lora.LoraConfigWriter;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The adapter of a model: what alone is trained and saved of it. */
public final class LoraAdapter {
    private final LoraPlan plan;
    private final Map<String, Parameter> parameters;
    private final Collection<LowRankWeight> weights;
    private final LowRankDropout dropout;

    LoraAdapter(
            LoraPlan plan,
            Map<String, Parameter> parameters,
            Collection<LowRankWeight> weights,
            LowRankDropout dropout) {
        this.plan = plan;
        this.parameters = parameters;
        this.weights = weights;
        this.dropout = dropout;
    }

    /** What adapter_config.json says of it. */
    public LoraConfig config() {
        return plan.config();
    }

    /** What it changes, and its tensors. */
    public LoraPlan plan() {
        return plan;
    }

    /** By name, in the order of the model. */
    Map<String, Parameter> parameters() {
        return parameters;
    }

    /** What A does not see in training; between its begin and end alone. */
    public LowRankDropout dropout() {
        return dropout;
    }

    /** Makes what is kept of parameters equal to them again, so that a pass can be replayed. */
    void refresh() {
        weights.forEach(LowRankWeight::refresh);
    }

    /** Writes adapter_config.json and adapter_model.safetensors, as PEFT does, into a folder that is there. */
    void write(Path directory, Optional<String> base) {
        Json.write(directory.resolve(LoraConfigReader.FILE), LoraConfigWriter.write(plan, base));
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        StoredTensors.put(
                plan.tensors(),
                spec -> parameter(spec).value(),
                (name, value) -> writer.add(name, value.to(Device.CPU), DType.F32));
        writer.write(directory.resolve(AdapterTensors.Saved.FILE));
    }

    /** Puts parameters where a folder has them; its configuration must ask for the same tensors. */
    void restore(Path folder) {
        LoraConfigReader.read(folder); // a folder that is damaged says so
        try (AdapterTensors.Saved saved = AdapterTensors.Saved.open(folder)) {
            plan.tensors().forEach(spec -> {
                Parameter parameter = parameter(spec);
                parameter.value().copyFrom(saved.get(spec).orElseThrow());
                parameter.valueChanged();
            });
            saved.requireAllUsed();
        }
    }

    /** What is trained of one of the plan's tensors. */
    Parameter parameter(TensorSpec spec) {
        return Objects.requireNonNull(parameters.get(spec.name()), spec.name());
    }

    /** Names of the tensors, for what describes an adapter. */
    public List<String> modules() {
        return plan.targets().stream().map(target -> target.module()).distinct().toList();
    }
}
