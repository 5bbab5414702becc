// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.transformer.plan.Head;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How config.json says that a head scores: an architecture {@code …ForSequenceClassification}, or {@code …ForTokenClassification}, whose
 * head has a bias, with as many labels as {@code id2label} names, two where it is not there.
 */
final class ScoringConfig {
    private static final String OF_SEQUENCES = "ForSequenceClassification";
    private static final String OF_TOKENS = "ForTokenClassification";
    private static final int USUAL_LABELS = 2;

    private ScoringConfig() {}

    /** Whether an entry of {@code architectures} means a model of the family that scores. */
    static boolean isArchitecture(String name, Family family) {
        return name.equals(architecture(family, OF_SEQUENCES)) || name.equals(architecture(family, OF_TOKENS));
    }

    private static String architecture(Family family, String kind) {
        return family.architecture().replaceFirst("(ForCausalLM|LMHeadModel)$", kind);
    }

    /** The head of a configuration; empty if it is that of a language model. */
    static Optional<Head.Scores> head(JsonFields config, Family family) {
        String architecture = config.node().path("architectures").path(0).asText();
        if (!isArchitecture(architecture, family)) {
            return Optional.empty();
        }
        int labels = labels(config.node());
        if (labels < 1 || labels > Head.MAX_LABELS) {
            throw new FormatException(
                    config.where(),
                    "the head has " + labels + " labels (num_labels, id2label)",
                    "Give 1 to " + Head.MAX_LABELS);
        }
        return Optional.of(new Head.Scores(labels, architecture.endsWith(OF_TOKENS)));
    }

    private static int labels(JsonNode config) {
        if (config.path("num_labels").isInt()) {
            return config.path("num_labels").intValue();
        }
        JsonNode names = config.path("id2label");
        return names.isObject() ? names.size() : USUAL_LABELS;
    }

    /** A language model's config.json with a head that scores. */
    static ObjectNode write(ObjectNode source, Family family, Head.Scores head, OptionalInt padding) {
        ObjectNode config = source.deepCopy();
        config.putArray("architectures").add(architecture(family, head.bias() ? OF_TOKENS : OF_SEQUENCES));
        config.remove("num_labels");
        ObjectNode names = config.putObject("id2label");
        ObjectNode ids = config.putObject("label2id");
        for (int label = 0; label < head.labels(); label++) {
            names.put(Integer.toString(label), "LABEL_" + label);
            ids.put("LABEL_" + label, label);
        }
        if (!config.path("pad_token_id").isInt() && padding.isPresent()) {
            config.put("pad_token_id", padding.getAsInt());
        }
        return config;
    }
}
