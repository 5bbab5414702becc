// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.transformer.generation.SearchConfig.EarlyStopping;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import java.util.ArrayList;
import java.util.List;

/** Values of generation keys from JSON; a value of another type is an {@link IllegalArgumentException}. */
final class KeyValues {
    private KeyValues() {}

    private static void require(boolean condition) {
        if (!condition) {
            throw new IllegalArgumentException("another type");
        }
    }

    static int integer(JsonNode json) {
        require(json.isIntegralNumber() && json.canConvertToInt());
        return json.intValue();
    }

    static double number(JsonNode json) {
        require(json.isNumber() && Double.isFinite(json.doubleValue()));
        return json.doubleValue();
    }

    static float real(JsonNode json) {
        return (float) number(json);
    }

    static boolean truth(JsonNode json) {
        require(json.isBoolean());
        return json.booleanValue();
    }

    static List<Integer> tokens(JsonNode json) {
        List<Integer> ids = new ArrayList<>();
        if (json.isArray()) {
            json.forEach(id -> ids.add(integer(id)));
        } else {
            ids.add(integer(json));
        }
        return ids;
    }

    private static int[] sequence(JsonNode json) {
        require(json.isArray());
        return TokenRules.ints(tokens(json));
    }

    static List<int[]> sequences(JsonNode json) {
        require(json.isArray());
        List<int[]> sequences = new ArrayList<>();
        json.forEach(sequence -> sequences.add(sequence(sequence)));
        return sequences;
    }

    static List<SequenceBias.Bias> biases(JsonNode json) {
        require(json.isArray());
        List<SequenceBias.Bias> biases = new ArrayList<>();
        for (JsonNode pair : json) {
            require(pair.isArray() && pair.size() == 2);
            biases.add(new SequenceBias.Bias(sequence(pair.get(0)), real(pair.get(1))));
        }
        return biases;
    }

    static List<SequenceBias.Bias> biasOfTokens(JsonNode json) {
        require(json.isObject());
        List<SequenceBias.Bias> biases = new ArrayList<>();
        json.properties().forEach(entry -> {
            require(entry.getKey().matches("[0-9]{1,9}"));
            int[] token = {Integer.parseInt(entry.getKey())};
            biases.add(new SequenceBias.Bias(token, real(entry.getValue())));
        });
        return biases;
    }

    static List<String> strings(JsonNode json) {
        if (json.isTextual()) {
            return List.of(json.textValue());
        }
        require(json.isArray());
        List<String> strings = new ArrayList<>();
        for (JsonNode text : json) {
            require(text.isTextual());
            strings.add(text.textValue());
        }
        return strings;
    }

    static PenaltyConfig.Decay decay(JsonNode json) {
        require(json.isArray() && json.size() == 2);
        return new PenaltyConfig.Decay(integer(json.get(0)), number(json.get(1)));
    }

    static EarlyStopping early(JsonNode json) {
        if (json.isTextual() && json.textValue().equals("never")) {
            return EarlyStopping.NEVER;
        }
        return truth(json) ? EarlyStopping.YES : EarlyStopping.HEURISTIC;
    }
}
