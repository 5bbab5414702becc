// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code logits}: what a model computes, for comparing with other implementations.
 *
 * <p>Logits are computed while they are written, one sequence at a time, so those of a whole file never exist at once.
 */
@Command(
        name = "logits",
        header = "Write logits, hidden states, loss and gradients to a file.",
        description = {
            "Writes logits, and if asked hidden states, the loss and its gradients, as F32 tensors of a safetensors"
                    + " file.",
            "",
            "logits.I [T, V] of the I-th sequence; hidden.I.L [T, D], L = 0 the embeddings, 1 to the last layer the"
                + " layers' outputs, the last one after the final norm; loss, a scalar, the mean cross-entropy in nats"
                + " of all targets of all sequences; grad.NAME of every parameter under its checkpoint name (a tied"
                + " head has none of its own)."
        },
        footer = {"%nExample:", "  jacobian logits --model DIR --input-ids ids.json --out logits.safetensors"})
final class LogitsCommand extends CliCommand {
    @Mixin
    private ModelOption model;

    @Mixin
    private WeightsOption weights;

    @Option(
            names = "--input-ids",
            paramLabel = "FILE",
            required = true,
            description = "JSON file with token ids: an array of arrays.")
    private Path inputIds;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Safetensors file to write.")
    private Path out;

    @Option(names = "--hidden-states", description = "Write hidden states too.")
    private boolean hiddenStates;

    @Option(
            names = "--labels",
            paramLabel = "FILE",
            description =
                    "JSON file of the same shape as the ids; label t is the target of the prediction at t - 1, -100"
                            + " does not count. Writes the loss.")
    private Optional<Path> labels = Optional.empty();

    @Option(names = "--gradients", description = "Write the gradients of the loss too; needs --labels.")
    private boolean gradients;

    LogitsCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        if (gradients && !weights.formats().areTrainable() && !weights.hasAdapter()) {
            throw usage("--gradients needs F32 weights; leave out --weights");
        }
        if (gradients && labels.isEmpty()) {
            throw usage("--gradients needs --labels: without labels there is no loss to differentiate");
        }
    }

    @Override
    void execute() {
        OutputFile.require(out);
        TokenIdFile ids = TokenIdFile.read(inputIds).requireNonEmpty();
        Optional<TokenIdFile> targets = labels.map(TokenIdFile::read);
        targets.ifPresent(t -> t.requireSameShape(ids));
        CausalLM loaded = weights.load(model.folder(), modelOptions(model.folder()));
        int vocabulary = loaded.config().vocabularySize();
        ids.requireVocabulary(vocabulary);
        targets.ifPresent(t -> t.requireVocabulary(vocabulary, LabelledBatch.IGNORE));
        warnIfLong(loaded, ids);

        SafetensorsWriter writer = new SafetensorsWriter();
        Optional<Float> loss = targets.map(t -> addLoss(writer, loaded, ids, t));
        for (int s = 0; s < ids.sequences().size(); s++) {
            addForward(writer, loaded, s, ids.sequences().get(s));
        }
        writer.write(out);
        report(ids, loss);
    }

    private void addForward(SafetensorsWriter writer, CausalLM loaded, int index, int[] tokens) {
        List<Tensor> states = new ArrayList<>(); // embeddings, raw output of each layer: [T, D] each
        Var last = NoGrad.compute(() -> loaded.hidden(tokens, Segments.of(tokens.length), state -> {
            if (hiddenStates) {
                states.add(state.value());
            }
        })); // [T, D] after the final norm
        if (hiddenStates) {
            states.set(states.size() - 1, last.value());
            for (int layer = 0; layer < states.size(); layer++) {
                writer.add("hidden." + index + "." + layer, states.get(layer).to(DType.F32));
            }
        }
        int[] rows = new int[tokens.length];
        Arrays.setAll(rows, i -> i);
        Shape shape = Shape.of(tokens.length, loaded.config().vocabularySize());
        writer.add("logits." + index, DType.F32, shape, () -> finite(index, loaded.logits(last, rows)));
    }

    /** Logits that are numbers; weights are checked when they are loaded, but hidden states can overflow. */
    private static Tensor finite(int sequence, Tensor logits) {
        Tensor here = logits.to(Device.CPU).contiguous(); // [T, V]
        for (int i = 0; i < here.shape().elements(); i++) {
            float logit = here.floats()[here.offset() + i];
            if (!Float.isFinite(logit)) {
                throw new CliException("the logit of token " + i % here.extent(1) + " at position " + i / here.extent(1)
                        + " of sequence " + sequence + " is " + logit
                        + ": the model's numbers overflow, so its weights are"
                        + " broken or belong to another config.json");
            }
        }
        return here;
    }

    private float addLoss(SafetensorsWriter writer, CausalLM loaded, TokenIdFile ids, TokenIdFile targets) {
        float value;
        if (gradients) {
            Var loss = loaded.loss(ids.sequences(), targets.sequences());
            loss.backward();
            loaded.inCheckpointForm(LogitsCommand::gradient, (name, gradient) -> writer.add("grad." + name, gradient));
            value = loss.value().item();
        } else {
            value = NoGrad.compute(() ->
                    loaded.loss(ids.sequences(), targets.sequences()).value().item());
        }
        if (!Float.isFinite(value)) {
            throw new CliException(
                    "the loss is " + value + ": the model's numbers overflow, so its weights are broken or"
                            + " belong to another config.json");
        }
        writer.add("loss", Tensor.of(new float[] {value}));
        return value;
    }

    private static Tensor gradient(Parameter parameter) {
        return parameter
                .grad()
                .orElseGet(() -> Tensor.zeros(parameter.value().shape().toArray()));
    }

    /** Frequencies are defined beyond the length that a model was made for, but it was not trained there; learned positions end. */
    private void warnIfLong(CausalLM loaded, TokenIdFile ids) {
        int longest = ids.sequences().stream().mapToInt(s -> s.length).max().orElse(0);
        int learned = loaded.config().plan().embedding().learnedPositions();
        if (learned > 0 && longest > learned) {
            throw new CliException("a sequence has " + longest + " tokens, and the model has learned " + learned
                    + " positions; give shorter ones");
        }
        int limit = loaded.config().maxPositions();
        if (longest > limit) {
            streams().note("warning: a sequence has " + longest + " tokens, the model is made for " + limit);
        }
    }

    private void report(TokenIdFile ids, Optional<Float> loss) {
        long tokens = ids.sequences().stream().mapToLong(s -> s.length).sum();
        if (common().json()) {
            ObjectNode object = Json.object();
            object.put("out", out.toString());
            object.put("sequences", ids.sequences().size());
            object.put("tokens", tokens);
            loss.ifPresent(value -> object.put("loss", value));
            streams().json(object);
        } else {
            streams()
                    .line("wrote " + out + " (sequences: " + ids.sequences().size() + ", tokens: " + tokens
                            + loss.map(value -> ", loss: " + value).orElse("") + ")");
        }
    }
}
