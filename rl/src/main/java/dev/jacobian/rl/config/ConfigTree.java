// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Configuration records to JSON and back: keys in snake case, unknown keys and wrong types are errors that name the key.
 */
public final class ConfigTree {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .withCoercionConfigDefaults(c -> c.setCoercion(CoercionInputShape.Float, CoercionAction.Fail))
            .build();

    private ConfigTree() {}

    /** A record's components in order. */
    public static ObjectNode toJson(Record config) {
        return MAPPER.valueToTree(config);
    }

    /** A copy of {@code base} with some components replaced. */
    public static <T extends Record> T merge(T base, ObjectNode changes, String where, Class<T> type) {
        ObjectNode tree = toJson(base);
        changes.properties().forEach(change -> {
            if (!tree.has(change.getKey())) {
                throw new FormatException(
                        where,
                        "the key '" + change.getKey() + "' is unknown",
                        "Did you mean '" + nearest(change.getKey(), tree) + "'?");
            }
            tree.set(change.getKey(), change.getValue());
        });
        try {
            return MAPPER.treeToValue(tree, type);
        } catch (JsonMappingException e) {
            if (rootCause(e) instanceof IllegalArgumentException invalid) {
                throw new FormatException(where, invalid.getMessage(), "Correct the value");
            }
            String key = e.getPath().isEmpty() ? "?" : e.getPath().get(0).getFieldName();
            throw new FormatException(
                    where, "the value of '" + key + "' has the wrong type: " + changes.get(key), "Correct the value");
        } catch (JsonProcessingException e) {
            throw new FormatException(where, e.getOriginalMessage(), "Correct the file");
        }
    }

    private static Throwable rootCause(Throwable thrown) {
        Throwable cause = thrown;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static String nearest(String key, ObjectNode tree) {
        List<String> names = new ArrayList<>();
        tree.fieldNames().forEachRemaining(names::add);
        return names.stream()
                .min(Comparator.comparingInt(name -> distance(key, name)))
                .orElseThrow();
    }

    /** Levenshtein distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
