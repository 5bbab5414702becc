// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import dev.jacobian.parquet.Node.Group;
import dev.jacobian.parquet.Node.Leaf;
import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.SchemaElement;
import dev.jacobian.parquet.format.SchemaElement.Kind;
import dev.jacobian.parquet.format.SchemaElement.Repetition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Makes a tree of a schema that is written as a list. */
final class Schema {
    private static final int MAX_DEPTH = 64;
    private static final int MAX_LEAVES = 10_000;
    private static final int MAX_FIXED = 1 << 20;

    private final List<SchemaElement> elements;
    private final List<Leaf> leaves = new ArrayList<>();
    private int at;

    private Schema(List<SchemaElement> elements) {
        this.elements = elements;
    }

    /**
     * A schema as a tree.
     *
     * @param root the object that a row is
     * @param leaves in the order of the columns
     */
    record Tree(Group root, List<Leaf> leaves) {}

    static Tree read(List<SchemaElement> elements) {
        if (elements.isEmpty() || elements.getFirst().children() < 1) {
            throw new Corrupt("it has no columns");
        }
        Schema schema = new Schema(elements);
        SchemaElement top = schema.take();
        List<Node> children = schema.children(top, 0, 0, List.of(), 0);
        if (schema.at != elements.size()) {
            throw new Corrupt("its schema has fields that belong to no group");
        }
        return new Tree(new Group(top.name(), 0, 0, false, Group.Form.OBJECT, children), List.copyOf(schema.leaves));
    }

    private SchemaElement take() {
        if (at >= elements.size()) {
            throw new Corrupt("its schema ends in the middle of a group");
        }
        return elements.get(at++);
    }

    private List<Node> children(SchemaElement group, int definition, int repetition, List<String> path, int depth) {
        if (depth > MAX_DEPTH) {
            throw new Corrupt("its columns are nested deeper than " + MAX_DEPTH);
        }
        List<Node> children = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < group.children(); i++) {
            Node child = node(take(), definition, repetition, path, depth + 1);
            if (!names.add(child.name())) {
                throw new Corrupt("two fields are called '" + child.name() + "'");
            }
            children.add(child);
        }
        return children;
    }

    private Node node(SchemaElement element, int definition, int repetition, List<String> path, int depth) {
        boolean repeated = element.repetition() == Repetition.REPEATED;
        int own = definition + (element.repetition() == Repetition.REQUIRED ? 0 : 1);
        int level = repetition + (repeated ? 1 : 0);
        List<String> below = new ArrayList<>(path);
        below.add(element.name());
        if (element.type().isPresent()) {
            return leaf(element, own, level, repeated, below);
        }
        if (element.children() < 1) {
            throw new Corrupt("the group '" + String.join(".", below) + "' has no fields");
        }
        List<Node> children = children(element, own, level, below, depth);
        return new Group(element.name(), own, level, repeated, form(element, children), children);
    }

    private Leaf leaf(SchemaElement element, int definition, int repetition, boolean repeated, List<String> path) {
        if (element.children() > 0) {
            throw new Corrupt("the column '" + String.join(".", path) + "' has fields of its own");
        }
        if (leaves.size() == MAX_LEAVES) {
            throw new Corrupt("it has more than " + MAX_LEAVES + " columns");
        }
        if (element.length() < 0 || element.length() > MAX_FIXED) {
            throw new Corrupt(
                    "the column '" + String.join(".", path) + "' has values of " + element.length() + " bytes");
        }
        Leaf leaf = new Leaf(
                element.name(),
                definition,
                repetition,
                repeated,
                leaves.size(),
                path,
                element.type().orElseThrow(),
                element.length(),
                element.meaning());
        leaves.add(leaf);
        return leaf;
    }

    /** The format's rules for lists and maps, those for files of old writers included. */
    private static Group.Form form(SchemaElement element, List<Node> children) {
        boolean wraps = children.size() == 1 && children.getFirst().repeated();
        Kind kind = element.meaning().kind();
        if (kind == Kind.MAP && wraps && children.getFirst() instanceof Group pairs) {
            boolean isMap = pairs.children().size() == 2 && pairs.children().getFirst() instanceof Leaf;
            return isMap ? Group.Form.MAP : Group.Form.OBJECT;
        }
        if (kind != Kind.LIST || !wraps) {
            return Group.Form.OBJECT;
        }
        boolean bare = !(children.getFirst() instanceof Group inner)
                || inner.children().size() > 1
                || inner.children().getFirst().repeated()
                || inner.name().equals("array")
                || inner.name().equals(element.name() + "_tuple");
        return bare ? Group.Form.BARE_LIST : Group.Form.LIST;
    }
}
