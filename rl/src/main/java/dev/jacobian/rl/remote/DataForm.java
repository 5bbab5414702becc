// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.Scored;
import dev.jacobian.transformer.LabelledBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Data as the protocol has them: a target and a number of each fact for every token. Where a {@link Datum} asks for nothing, the target is 0
 * and all facts are 0, so that no loss counts it.
 */
final class DataForm {
    private DataForm() {}

    static ArrayNode of(List<Datum> data) {
        ArrayNode rows = Json.object().arrayNode();
        for (Datum datum : data) {
            ObjectNode row = rows.addObject();
            row.set("model_input", input(datum.tokens()));
            ObjectNode inputs = row.putObject("loss_fn_inputs");
            int[] targets = Arrays.stream(datum.targets())
                    .map(target -> target == LabelledBatch.IGNORE ? 0 : target)
                    .toArray(); // [T]
            ArrayNode ids = tensor(inputs, "target_tokens", "int64", targets.length);
            Arrays.stream(targets).forEach(ids::add);
            float[] ones = new float[datum.count()];
            Arrays.fill(ones, 1f);
            spread(inputs, "weights", datum, datum.facts().getOrDefault("weights", ones));
            datum.facts().forEach((name, values) -> {
                if (!name.equals("weights")) {
                    spread(inputs, name, datum, values);
                }
            });
        }
        return rows;
    }

    private static void spread(ObjectNode inputs, String name, Datum datum, float[] values) {
        ArrayNode numbers = tensor(inputs, name, "float32", datum.targets().length);
        int at = 0;
        for (int target : datum.targets()) {
            numbers.add(target == LabelledBatch.IGNORE ? 0f : values[at++]);
        }
    }

    private static ArrayNode tensor(ObjectNode inputs, String name, String type, int length) {
        ObjectNode tensor = inputs.putObject(name).put("dtype", type);
        tensor.putArray("shape").add(length);
        return tensor.putArray("data");
    }

    static ObjectNode input(int[] tokens) {
        ObjectNode input = Json.object();
        ArrayNode ids =
                input.putArray("chunks").addObject().put("type", "encoded_text").putArray("tokens");
        Arrays.stream(tokens).forEach(ids::add);
        return input;
    }

    /** Log-probabilities of the targets that count. */
    static Scored scored(List<Datum> data, JsonNode output) {
        int count = data.stream().mapToInt(Datum::count).sum();
        float[] logProbs = new float[count]; // [N]
        int at = 0;
        for (int d = 0; d < data.size(); d++) {
            JsonNode all =
                    output.path("loss_fn_outputs").path(d).path("logprobs").path("data");
            int[] targets = data.get(d).targets();
            if (all.size() != targets.length) {
                throw new RemoteTrainingException(
                        "the service gave " + all.size() + " log-probabilities for the " + targets.length
                                + " targets of datum " + d,
                        200);
            }
            for (int t = 0; t < targets.length; t++) {
                if (targets[t] != LabelledBatch.IGNORE) {
                    logProbs[at++] = all.get(t).floatValue();
                }
            }
        }
        return new Scored(data, logProbs);
    }

    static ObjectNode numbers(Map<String, Double> settings) {
        ObjectNode json = Json.object();
        settings.forEach(json::put);
        return json;
    }
}
