// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Special tokens around the encoded text: the {@code post_processor} of tokenizer.json.
 *
 * @param before ids put before the text
 * @param after ids put after it
 */
record Template(List<Integer> before, List<Integer> after) {
    static final Template NONE = new Template(List.of(), List.of());

    int[] apply(int[] ids) {
        IntList out = new IntList();
        before.forEach(out::add);
        out.addAll(ids);
        after.forEach(out::add);
        return out.toArray();
    }

    /** What stands before the text, and the text. */
    int[] applyBefore(int[] ids) {
        return new Template(before, List.of()).apply(ids);
    }

    /** Reads the component; a JSON null is {@link #NONE}. */
    static Template read(JsonNode json, String where) {
        if (json.isNull() || json.isMissingNode()) {
            return NONE;
        }
        JsonFields fields = JsonFields.of(json, where);
        String type = fields.string("type");
        Template template = switch (type) {
            case "ByteLevel" -> {
                // It trims offsets, which are not computed here; ids are as they were.
                fields.ignore("add_prefix_space", "trim_offsets", "use_regex");
                yield NONE;
            }
            case "TemplateProcessing" -> readTemplate(fields, where);
            case "Sequence" -> {
                Template all = NONE;
                for (JsonFields step : fields.objects("processors")) {
                    all = all.inside(read(step.node(), step.where()));
                }
                yield all;
            }
            default ->
                throw new FormatException(
                        where,
                        "the post-processor '" + type + "' is not supported",
                        "Supported are ByteLevel, TemplateProcessing and Sequence");
        };
        fields.finish();
        return template;
    }

    private Template inside(Template outer) {
        IntList first = new IntList();
        outer.before.forEach(first::add);
        before.forEach(first::add);
        IntList last = new IntList();
        after.forEach(last::add);
        outer.after.forEach(last::add);
        return new Template(boxed(first), boxed(last));
    }

    private static Template readTemplate(JsonFields fields, String where) {
        fields.ignore("pair"); // for sentence pairs, which language models do not use
        Map<String, IntList> special = new HashMap<>();
        JsonNode declared = fields.get("special_tokens");
        declared.properties().forEach(entry -> {
            JsonFields token = JsonFields.of(entry.getValue(), where + ", special_tokens, '" + entry.getKey() + "'");
            IntList ids = new IntList();
            for (JsonNode id : token.array("ids")) {
                if (!id.canConvertToInt() || id.intValue() < 0) {
                    throw new FormatException(token.where(), "'" + id + "' is not a token id", "Correct it");
                }
                ids.add(id.intValue());
            }
            token.ignore("id", "tokens").finish();
            special.put(entry.getKey(), ids);
        });
        IntList before = new IntList();
        IntList after = new IntList();
        boolean seenText = false;
        for (JsonFields piece : fields.objects("single")) {
            if (piece.has("Sequence")) {
                if (seenText) {
                    throw new FormatException(piece.where(), "the text occurs twice", "Keep one of them");
                }
                seenText = true;
                piece.ignore("Sequence");
            } else {
                String name = piece.object("SpecialToken").string("id");
                if (!special.containsKey(name)) {
                    throw new FormatException(
                            piece.where(), "'" + name + "' is not among special_tokens", "Add it there with its ids");
                }
                (seenText ? after : before).addAll(special.get(name).toArray());
            }
            piece.finish();
        }
        if (!seenText) {
            throw new FormatException(where, "the template has no place for the text", "Add {\"Sequence\": ...}");
        }
        return new Template(boxed(before), boxed(after));
    }

    private static List<Integer> boxed(IntList ids) {
        return java.util.Arrays.stream(ids.toArray()).boxed().toList();
    }
}
