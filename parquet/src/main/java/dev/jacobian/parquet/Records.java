// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.parquet.Node.Group;
import dev.jacobian.parquet.Node.Leaf;
import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.Footer.RowGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts the rows of a group together from its columns, by the levels of their values (the record assembly of Dremel, 2010): a field is
 * there if its first column's value is defined that far, and a list goes on while values begin a new element of it.
 */
final class Records {
    private final Group root;
    private final List<Leaf> leaves;
    private final List<ColumnCursor> cursors = new ArrayList<>();
    private final Room room = Room.ofTheJvm();
    private long bytes; // of the row so far

    Records(ParquetFile file, RowGroup group) throws IOException {
        this.root = file.schema().root();
        this.leaves = file.schema().leaves();
        for (Leaf leaf : leaves) {
            try {
                cursors.add(new ColumnCursor(file, leaf, group.columns().get(leaf.index()), room));
            } catch (Corrupt corrupt) {
                throw in(leaf, corrupt);
            }
        }
    }

    /** The next row. */
    JsonNode next() throws IOException {
        room.give(bytes);
        bytes = 0;
        JsonNode row = object(root);
        for (Leaf leaf : leaves) {
            if (cursors.get(leaf.index()).repetition() != 0) {
                throw in(leaf, new Corrupt("a row begins in the middle of a list"));
            }
        }
        return row;
    }

    /** Checks that no column has values left; gives itself. */
    Records requireEnd() {
        for (Leaf leaf : leaves) {
            if (!cursors.get(leaf.index()).isAtEnd()) {
                throw in(leaf, new Corrupt("it has more values than there are rows"));
            }
        }
        return this;
    }

    private JsonNode object(Group group) throws IOException {
        ObjectNode object = Json.object();
        for (Node child : group.children()) {
            object.set(child.name(), field(child));
        }
        charge(96 + 96 * group.children().size());
        return object;
    }

    /** A field with all its elements, if it is repeated. */
    private JsonNode field(Node node) throws IOException {
        return node.repeated() ? elements(node, node) : one(node);
    }

    private JsonNode one(Node node) throws IOException {
        if (node instanceof Leaf leaf) {
            return value(leaf);
        }
        Group group = (Group) node;
        if (definition(group) < group.definition()) {
            pass(group);
            return NullNode.getInstance();
        }
        Node inner = group.children().getFirst();
        return switch (group.form()) {
            case OBJECT -> object(group);
            case BARE_LIST -> elements(inner, inner);
            case LIST -> elements(inner, ((Group) inner).children().getFirst());
            case MAP -> map((Group) inner);
        };
    }

    /**
     * The elements of a repeated field.
     *
     * @param repeated the field
     * @param element what each one is: the field itself, or what it wraps
     */
    private ArrayNode elements(Node repeated, Node element) throws IOException {
        ArrayNode list = Json.object().arrayNode();
        charge(64);
        if (definition(repeated) < repeated.definition()) {
            pass(repeated);
            return list;
        }
        do {
            list.add(one(element));
            charge(8);
        } while (cursor(repeated).repetition() == repeated.repetition());
        return list;
    }

    /** A map with texts for keys as an object, another one as a list of its pairs. */
    private JsonNode map(Group pairs) throws IOException {
        ArrayNode list = elements(pairs, pairs);
        Node key = pairs.children().getFirst();
        if (!(key instanceof Leaf leaf) || !LeafValues.isText(leaf)) {
            return list;
        }
        String valueName = pairs.children().get(1).name();
        ObjectNode object = Json.object();
        for (JsonNode pair : list) {
            if (!pair.path(key.name()).isTextual()) {
                throw in(leaf, new Corrupt("a key of a map is not there"));
            }
            object.set(pair.path(key.name()).textValue(), pair.path(valueName));
        }
        return object;
    }

    private JsonNode value(Leaf leaf) throws IOException {
        try {
            JsonNode value = cursors.get(leaf.index()).take();
            if (value == null) {
                return NullNode.getInstance();
            }
            charge(LeafValues.size(value));
            return value;
        } catch (Corrupt corrupt) {
            throw in(leaf, corrupt);
        }
    }

    /** Goes over the one value that each column below a field has where the field is not there. */
    private void pass(Node node) throws IOException {
        switch (node) {
            case Leaf leaf -> value(leaf);
            case Group group -> {
                for (Node child : group.children()) {
                    pass(child);
                }
            }
        }
    }

    private ColumnCursor cursor(Node node) {
        return cursors.get(node.first().index());
    }

    private int definition(Node node) {
        try {
            return cursor(node).definition();
        } catch (Corrupt corrupt) {
            throw in(node.first(), corrupt);
        }
    }

    private void charge(int cost) {
        room.take(cost);
        bytes += cost;
    }

    private static Corrupt in(Leaf leaf, Corrupt corrupt) {
        return new Corrupt("column '" + String.join(".", leaf.path()) + "': " + corrupt.getMessage());
    }
}
