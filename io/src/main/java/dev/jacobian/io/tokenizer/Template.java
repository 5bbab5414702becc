// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Special tokens around the encoded text: the {@code post_processor} of tokenizer.json.
 *
 * @param single what one text becomes
 * @param pair what two texts become; without a place for each of them if the file does not say
 */
record Template(List<Piece> single, List<Piece> pair) {
    /** A part of what a text becomes, whose ids all belong to one segment. */
    sealed interface Piece {
        int typeId();
    }

    /** The ids of a text: of the first or only one at {@code index} 0, of the second at 1. */
    record Text(int index, int typeId) implements Piece {}

    /** Special tokens. */
    record Special(List<Integer> ids, int typeId) implements Piece {}

    static final Template NONE = new Template(List.of(new Text(0, 0)), List.of(new Text(0, 0), new Text(1, 1)));

    /** Special tokens before and after each text. */
    static Template around(List<Integer> before, List<Integer> after) {
        return new Template(
                around(before, 0, after),
                Stream.concat(around(before, 0, after).stream(), around(before, 1, after).stream())
                        .toList());
    }

    private static List<Piece> around(List<Integer> before, int index, List<Integer> after) {
        return List.of(new Special(before, index), new Text(index, index), new Special(after, index));
    }

    /** The ids of all special tokens. */
    IntStream specialIds() {
        return Stream.concat(single.stream(), pair.stream())
                .flatMap(piece -> piece instanceof Special special ? special.ids.stream() : Stream.of())
                .mapToInt(Integer::intValue);
    }

    int[] apply(int[] ids) {
        IntList out = new IntList();
        single.forEach(piece -> add(piece, out, ids));
        return out.toArray();
    }

    /** What stands before the text, and the text. */
    int[] applyBefore(int[] ids) {
        IntList out = new IntList();
        for (Piece piece : single) {
            add(piece, out, ids);
            if (piece instanceof Text) {
                break;
            }
        }
        return out.toArray();
    }

    /** @param addSpecialTokens whether special tokens are put there; the segments are those of the template anyway */
    Encoding applyPair(int[] first, int[] second, boolean addSpecialTokens, String where) {
        for (int i = 0; i < 2; i++) {
            int index = i;
            if (pair.stream().noneMatch(piece -> piece instanceof Text text && text.index == index)) {
                throw new FormatException(
                        where + ", post_processor",
                        "its template for pairs has no place for the " + (i == 0 ? "first" : "second") + " text",
                        "This tokenizer is for single texts; encode the two one after the other");
            }
        }
        IntList ids = new IntList();
        IntList typeIds = new IntList();
        for (Piece piece : pair) {
            if (piece instanceof Text || addSpecialTokens) {
                add(piece, ids, first, second);
            }
            while (typeIds.size() < ids.size()) {
                typeIds.add(piece.typeId());
            }
        }
        return new Encoding(ids.toArray(), typeIds.toArray());
    }

    private static void add(Piece piece, IntList out, int[]... texts) {
        switch (piece) {
            case Text text -> out.addAll(texts[text.index]);
            case Special special -> special.ids.forEach(out::add);
        }
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
            case "BertProcessing" -> {
                List<Integer> cls = tokenAndId(fields, "cls");
                List<Integer> sep = tokenAndId(fields, "sep");
                List<Piece> single = List.of(new Special(cls, 0), new Text(0, 0), new Special(sep, 0));
                yield new Template(single, concat(single, List.of(new Text(1, 1), new Special(sep, 1))));
            }
            case "RobertaProcessing" -> {
                fields.ignore("add_prefix_space", "trim_offsets"); // of offsets
                List<Integer> cls = tokenAndId(fields, "cls");
                List<Integer> sep = tokenAndId(fields, "sep");
                List<Piece> single = List.of(new Special(cls, 0), new Text(0, 0), new Special(sep, 0));
                yield new Template(
                        single, concat(single, List.of(new Special(sep, 0), new Text(1, 0), new Special(sep, 0))));
            }
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
                        "Supported are ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing and Sequence");
        };
        fields.finish();
        return template;
    }

    /** The outer template around this one. What two nested templates make of a pair is not defined. */
    private Template inside(Template outer) {
        if (outer.equals(NONE)) {
            return this;
        }
        if (equals(NONE)) {
            return outer;
        }
        List<Piece> nested = outer.single.stream()
                .flatMap(piece -> piece instanceof Text ? single.stream() : Stream.of(piece))
                .toList();
        return new Template(nested, List.of());
    }

    private static List<Piece> concat(List<Piece> first, List<Piece> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    /** {@code ["[CLS]", 101]}; the id counts. */
    private static List<Integer> tokenAndId(JsonFields fields, String key) {
        JsonNode value = fields.array(key);
        if (value.size() != 2 || !value.get(0).isTextual()) {
            throw new FormatException(
                    fields.where() + ", " + key, "expected a token and its id", "Write it as [\"[CLS]\", 101]");
        }
        return List.of(ModelReader.id(value.get(1), fields.where() + ", " + key));
    }

    private static Template readTemplate(JsonFields fields, String where) {
        Map<String, List<Integer>> special = new HashMap<>();
        JsonNode declared = fields.get("special_tokens");
        declared.properties().forEach(entry -> {
            JsonFields token = JsonFields.of(entry.getValue(), where + ", special_tokens, '" + entry.getKey() + "'");
            List<Integer> ids = new ArrayList<>();
            for (JsonNode id : token.array("ids")) {
                ids.add(ModelReader.id(id, token.where()));
            }
            token.ignore("id", "tokens").finish();
            special.put(entry.getKey(), List.copyOf(ids));
        });
        List<Piece> single = pieces(fields.objects("single"), List.of("A"), special);
        if (single.stream().noneMatch(Text.class::isInstance)) {
            throw new FormatException(where, "the template has no place for the text", "Add {\"Sequence\": ...}");
        }
        return new Template(
                single, fields.has("pair") ? pieces(fields.objects("pair"), List.of("A", "B"), special) : NONE.pair);
    }

    private static List<Piece> pieces(List<JsonFields> list, List<String> texts, Map<String, List<Integer>> special) {
        List<Piece> out = new ArrayList<>();
        for (JsonFields piece : list) {
            if (piece.has("Sequence")) {
                JsonFields text = piece.object("Sequence");
                int index = texts.indexOf(text.string("id", "A"));
                if (index < 0) {
                    throw new FormatException(text.where(), "the text is not one of " + texts, "Correct its 'id'");
                }
                if (out.stream().anyMatch(earlier -> earlier instanceof Text other && other.index == index)) {
                    throw new FormatException(piece.where(), "the text occurs twice", "Keep one of them");
                }
                out.add(new Text(index, text.integer("type_id", 0)));
            } else {
                JsonFields token = piece.object("SpecialToken");
                String name = token.string("id");
                List<Integer> ids = special.get(name);
                if (ids == null) {
                    throw new FormatException(
                            piece.where(), "'" + name + "' is not among special_tokens", "Add it there with its ids");
                }
                out.add(new Special(ids, token.integer("type_id", 0)));
            }
            piece.finish();
        }
        return List.copyOf(out);
    }
}
