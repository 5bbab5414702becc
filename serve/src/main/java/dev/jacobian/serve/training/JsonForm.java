// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.loop.AdamParams;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.TokenLogProb;
import dev.jacobian.transformer.generation.TokenScore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Requests and results as JSON, with Tinker's names. Fields of requests that are not known mean nothing, for its
 * clients send some; fields of settings are settings, and one that is not known is refused.
 */
final class JsonForm {
    /** What clients write into every object, and what changes nothing. */
    static final List<String> UNTOLD = List.of("type");

    private JsonForm() {}

    /** The place of a request among those of its model or session. */
    static OptionalInt number(RequestFields fields, String key) {
        return fields.integer(key, 0, Integer.MAX_VALUE - 1)
                .map(OptionalInt::of)
                .orElseGet(OptionalInt::empty);
    }

    /** A string that must be there. */
    static String text(RequestFields fields, String key) {
        fields.get(key);
        return fields.string(key).orElseThrow();
    }

    static ForwardRequest forward(JsonNode body, boolean forwardOnly) {
        RequestFields fields = RequestFields.of(body);
        String key = forwardOnly ? "forward_input" : "forward_backward_input";
        fields.get(key);
        RequestFields input = fields.object(key).orElseThrow();
        input.get("data");
        JsonNode rows = input.array("data").orElseThrow();
        List<Datum> data = new ArrayList<>();
        for (JsonNode row : rows) {
            data.add(datum(row, data.size()));
        }
        Map<String, Double> config = new TreeMap<>();
        input.find("loss_fn_config").ifPresent(given -> {
            for (Map.Entry<String, JsonNode> one :
                    RequestFields.of(given, "loss_fn_config").entries()) {
                if (!one.getValue().isNumber()) {
                    throw RequestFields.wrong("loss_fn_config." + one.getKey(), "a number", one.getValue());
                }
                config.put(one.getKey(), one.getValue().doubleValue());
            }
        });
        return new ForwardRequest(
                text(fields, "model_id"),
                number(fields, "seq_id"),
                Content.of(body),
                data,
                text(input, "loss_fn"),
                config,
                forwardOnly);
    }

    private static Datum datum(JsonNode row, int number) {
        DatumFields datum = new DatumFields(number);
        String path = "data[" + number + "]";
        RequestFields fields = RequestFields.of(row, path);
        fields.get("model_input");
        datum.tokens(tokens(fields.object("model_input").orElseThrow(), path + ".model_input"));
        fields.get("loss_fn_inputs");
        for (Map.Entry<String, JsonNode> input :
                fields.object("loss_fn_inputs").orElseThrow().entries()) {
            String name = input.getKey();
            datum.requireKnown(name);
            RequestFields tensor = RequestFields.of(input.getValue(), path + "." + name);
            tensor.get("data");
            JsonNode values = tensor.array("data").orElseThrow();
            List<Long> shape = new ArrayList<>();
            tensor.array("shape").ifPresent(extents -> extents.forEach(extent -> shape.add(extent.asLong(-1))));
            datum.requireOneEach(
                    name,
                    values.size(),
                    shape,
                    tensor.find("sparse_crow_indices").isPresent());
            if (DatumFields.isOfIds(name)) {
                datum.targets(ids(values, path + "." + name));
            } else {
                datum.fact(name, numbers(values, path + "." + name));
            }
        }
        return datum.build();
    }

    /** The tokens of a {@code ModelInput}: texts only. */
    static int[] tokens(RequestFields input, String path) {
        input.get("chunks");
        List<int[]> chunks = new ArrayList<>();
        int total = 0;
        for (JsonNode chunk : input.array("chunks").orElseThrow()) {
            String type = chunk.path("type").asText("encoded_text");
            if (!type.equals("encoded_text")) {
                throw WebException.invalid(
                        path,
                        path + " has a chunk of type " + Json.excerpt(chunk.path("type"))
                                + "; only encoded_text is taken");
            }
            RequestFields fields = RequestFields.of(chunk, path + ".chunks");
            fields.get("tokens");
            int[] ids = ids(fields.array("tokens").orElseThrow(), path);
            chunks.add(ids);
            total += ids.length;
        }
        int[] all = new int[total];
        int at = 0;
        for (int[] chunk : chunks) {
            System.arraycopy(chunk, 0, all, at, chunk.length);
            at += chunk.length;
        }
        return all;
    }

    private static int[] ids(JsonNode values, String path) {
        int[] ids = new int[values.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = values.get(i);
            boolean whole = id.isIntegralNumber() || id.isNumber() && id.doubleValue() == Math.rint(id.doubleValue());
            if (!whole || !id.canConvertToInt()) {
                throw RequestFields.wrong(path, "token ids", id);
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    private static float[] numbers(JsonNode values, String path) {
        float[] numbers = new float[values.size()];
        for (int i = 0; i < numbers.length; i++) {
            JsonNode value = values.get(i);
            if (!value.isNumber()) {
                throw RequestFields.wrong(path, "numbers", value);
            }
            numbers[i] = value.floatValue();
        }
        return numbers;
    }

    static AdamParams adam(RequestFields fields) {
        AdamParams usual = AdamParams.DEFAULT;
        try {
            AdamParams params = new AdamParams(
                    real(fields, "learning_rate", usual.learningRate()),
                    real(fields, "beta1", usual.beta1()),
                    real(fields, "beta2", usual.beta2()),
                    real(fields, "eps", usual.epsilon()),
                    real(fields, "weight_decay", usual.weightDecay()),
                    real(fields, "grad_clip_norm", usual.gradClipNorm()));
            fields.ignore(UNTOLD).refuseOthers();
            return params;
        } catch (IllegalArgumentException e) {
            throw WebException.invalid("adam_params", "adam_params: " + e.getMessage());
        }
    }

    private static double real(RequestFields fields, String key, double usual) {
        JsonNode value = fields.find(key).orElse(null);
        if (value == null) {
            return usual;
        }
        if (!value.isNumber()) {
            throw RequestFields.wrong(fields.path(key), "a number", value);
        }
        return value.doubleValue();
    }

    static ObjectNode of(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Done done -> done.json();
            case Outcome.Failed failed -> failed.json();
            case Outcome.Scores scores -> scores(scores);
            case Outcome.Samples samples -> samples(samples);
        };
    }

    private static ObjectNode scores(Outcome.Scores scores) {
        ObjectNode json = Json.object().put("loss_fn_output_type", ProtoForm.OUTPUT_TYPE);
        ArrayNode outputs = json.putArray("loss_fn_outputs");
        for (int d = 0; d < scores.scored().data().size(); d++) {
            float[] logProbs = scores.scored().logProbs(d);
            ObjectNode tensor = outputs.addObject().putObject("logprobs");
            ArrayNode values = tensor.putArray("data");
            for (float logProb : logProbs) {
                values.add(logProb);
            }
            tensor.put("dtype", "float32").putArray("shape").add(logProbs.length);
        }
        ObjectNode metrics = json.putObject("metrics");
        scores.metrics().forEach(metrics::put);
        return json;
    }

    private static ObjectNode samples(Outcome.Samples samples) {
        ObjectNode json = Json.object().put("type", "sample");
        ArrayNode sequences = json.putArray("sequences");
        for (Generation generation : samples.sequences()) {
            ObjectNode sequence = sequences.addObject();
            ArrayNode tokens = sequence.putArray("tokens");
            for (int token : generation.tokenIds()) {
                tokens.add(token);
            }
            ArrayNode logProbs = sequence.putArray("logprobs");
            for (float logProb : generation.logProbs()) {
                logProbs.add(logProb);
            }
            sequence.put("stop_reason", generation.finishReason().isCut() ? "length" : "stop");
        }
        json.putNull("prompt_logprobs");
        json.putNull("topk_prompt_logprobs");
        samples.prompt().ifPresent(scores -> {
            ArrayNode logProbs = json.putArray("prompt_logprobs").addNull();
            scores.forEach(score -> logProbs.add(score.logProb()));
            if (samples.top() > 0) {
                ArrayNode top = json.putArray("topk_prompt_logprobs").addNull();
                scores.forEach(score -> top.add(likeliest(score)));
            }
        });
        return json;
    }

    private static ArrayNode likeliest(TokenScore score) {
        ArrayNode pairs = Json.object().arrayNode();
        for (TokenLogProb one : score.likeliest()) {
            pairs.addArray().add(one.token()).add(one.logProb());
        }
        return pairs;
    }
}
