// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.tensor.Nullable;
import java.math.BigInteger;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.constructor.Construct;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Makes JSON's values of YAML's nodes, and nothing else of them: of SnakeYAML's safe types only those that JSON has are left.
 *
 * <p>An alias stands for the very value of its anchor while the tree is built, so that building takes the time that the text accounts for, however
 * often aliases double. How large the tree is with all of them written out is counted on the way; then each gets its own copy.
 */
final class YamlTree extends SafeConstructor {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    /** Most values of a tree, which are a few tens of megabytes. */
    private static final long MAX_VALUES = 1_000_000;

    private static final Extent SCALAR = new Extent(1, 0);

    private final String where;
    private final int maxDepth;

    /** Of lists and mappings; other values are not in it. */
    private final Map<JsonNode, Extent> extents = new IdentityHashMap<>();

    /**
     * How large a value is with all aliases written out.
     *
     * @param values it and those in it
     * @param depth levels
     */
    private record Extent(long values, int depth) {}

    YamlTree(LoaderOptions options, String where, int maxDepth) {
        super(options);
        this.where = where;
        this.maxDepth = maxDepth;
        setAllowDuplicateKeys(options.isAllowDuplicateKeys()); // of the options only the library's front takes it over
        yamlConstructors.clear();
        Construct text = scalar((node, value) -> NODES.textNode(value));
        yamlConstructors.put(Tag.STR, text);
        yamlConstructors.put(Tag.MERGE, text); // << as a value; as a key it is gone by then
        yamlConstructors.put(Tag.NULL, scalar((node, value) -> NODES.nullNode()));
        yamlConstructors.put(Tag.BOOL, scalar(this::bool));
        yamlConstructors.put(Tag.INT, scalar(this::integer));
        yamlConstructors.put(Tag.FLOAT, scalar(this::number));
        yamlConstructors.put(Tag.SEQ, new Made(this::list));
        yamlConstructors.put(Tag.MAP, new Made(this::mapping));
        yamlConstructors.put(null, new Made(node -> {
            throw otherTag(node);
        }));
        yamlClassConstructors.put(NodeId.scalar, text); // keys, which are to be text
    }

    /** The only document; null if there is none. */
    JsonNode document() {
        return ((JsonNode) getSingleData(Object.class)).deepCopy();
    }

    /** One step makes a value whole: what would take a second one contains itself. */
    private final class Made implements Construct {
        private final Function<Node, JsonNode> make;

        Made(Function<Node, JsonNode> make) {
            this.make = make;
        }

        @Override
        public Object construct(@Nullable Node node) {
            return node == null ? NODES.nullNode() : make.apply(node); // null: an empty stream
        }

        @Override
        public void construct2ndStep(Node node, Object value) {
            throw wrong(node, "a value contains itself", "Write it out, or name another anchor");
        }
    }

    private Construct scalar(BiFunction<ScalarNode, String, JsonNode> make) {
        return new Made(node -> {
            if (!(node instanceof ScalarNode scalar)) {
                throw otherTag(node);
            }
            return make.apply(scalar, scalar.getValue());
        });
    }

    private JsonNode bool(ScalarNode node, String value) {
        requireLike(YamlScalars.SWITCH.matcher(value).matches(), node, "neither true nor false");
        return NODES.booleanNode(value.toLowerCase(Locale.ROOT).equals("true"));
    }

    private JsonNode integer(ScalarNode node, String value) {
        requireLike(YamlScalars.INTEGER.matcher(value).matches(), node, "no whole number");
        BigInteger exact = new BigInteger(value.startsWith("+") ? value.substring(1) : value);
        return exact.bitLength() < Integer.SIZE
                ? NODES.numberNode(exact.intValue())
                : exact.bitLength() < Long.SIZE ? NODES.numberNode(exact.longValue()) : NODES.numberNode(exact);
    }

    private JsonNode number(ScalarNode node, String value) {
        requireLike(YamlScalars.NUMBER.matcher(value).matches(), node, "no number");
        double number = Double.parseDouble(value);
        requireLike(Double.isFinite(number), node, "beyond the numbers of a double");
        return NODES.numberNode(number);
    }

    private void requireLike(boolean is, ScalarNode node, String otherwise) {
        if (!is) {
            throw wrong(node, "'" + node.getValue() + "' is " + otherwise, "Correct it, or put it in quotes as text");
        }
    }

    private JsonNode list(Node node) {
        if (!(node instanceof SequenceNode sequence)) {
            throw otherTag(node);
        }
        ArrayNode list = NODES.arrayNode();
        for (Node item : sequence.getValue()) {
            list.add((JsonNode) constructObject(item));
        }
        return counted(node, list);
    }

    private JsonNode mapping(Node node) {
        if (!(node instanceof MappingNode mapping)) {
            throw otherTag(node);
        }
        flatten(mapping);
        ObjectNode object = NODES.objectNode();
        for (NodeTuple entry : mapping.getValue()) {
            ScalarNode key = (ScalarNode) entry.getKeyNode();
            if (key.isPlain() && key.getValue().isEmpty()) {
                throw wrong(key, "a value has no key", "Write key: value");
            }
            object.set(key.getValue(), (JsonNode) constructObject(entry.getValueNode()));
        }
        return counted(node, object);
    }

    /** Replaces {@code <<} by what it stands for, and refuses keys that are there twice or are none. */
    private void flatten(MappingNode mapping) {
        for (NodeTuple entry : mapping.getValue()) {
            if (!(entry.getKeyNode() instanceof ScalarNode)) {
                throw wrong(entry.getKeyNode(), "a key is a list or a mapping", "Keys are text: put it in quotes");
            }
        }
        try {
            flattenMapping(mapping, true);
        } catch (MarkedYAMLException e) {
            throw e;
        } catch (YAMLException e) { // keys of what is merged
            throw wrong(mapping, "a key of what << merges is a list or a mapping", "Keys are text: put it in quotes");
        }
    }

    private JsonNode counted(Node node, JsonNode collection) {
        long values = 1;
        int depth = 0;
        for (JsonNode value : collection) {
            Extent extent = extents.getOrDefault(value, SCALAR);
            values += extent.values();
            depth = Math.max(depth, extent.depth());
        }
        if (values > MAX_VALUES || depth >= maxDepth) {
            throw wrong(
                    node,
                    values > MAX_VALUES
                            ? "with its aliases written out this has more than " + MAX_VALUES + " values"
                            : "with its aliases written out this has more than " + maxDepth + " levels",
                    "Check that this is the right file; configurations are flatter and shorter");
        }
        extents.put(collection, new Extent(values, depth + 1));
        return collection;
    }

    private FormatException otherTag(Node node) {
        return wrong(
                node,
                "the tag " + node.getTag() + " does not go with this value",
                "Remove the tag (what begins with !); there are mappings, lists, text, numbers, true, false and null");
    }

    private FormatException wrong(Node node, String what, String fix) {
        Mark mark = node.getStartMark();
        return new FormatException(Yaml.place(where, mark.getLine() + 1, mark.getColumn() + 1), what, fix);
    }
}
