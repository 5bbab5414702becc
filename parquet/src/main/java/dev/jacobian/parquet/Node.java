// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import dev.jacobian.parquet.format.PhysicalType;
import dev.jacobian.parquet.format.SchemaElement.Meaning;
import java.util.List;

/**
 * A field of a file's schema.
 *
 * <p>Levels are Parquet's (and Dremel's): a value's definition level says how many of the optional and repeated fields on its path are
 * there, its repetition level at which repeated field of the path a new element begins.
 */
sealed interface Node {
    /** Its name. */
    String name();

    /** The definition level from which on it is there. */
    int definition();

    /** The repetition level of its elements if it is repeated, else of the repeated field around it; 0 for none. */
    int repetition();

    /** Whether it is repeated. */
    boolean repeated();

    /** The first leaf in or below it. */
    Leaf first();

    /**
     * A column.
     *
     * @param index among all leaves
     * @param path names from below the root to it
     * @param fixed bytes of a value of a type of fixed length
     */
    record Leaf(
            String name,
            int definition,
            int repetition,
            boolean repeated,
            int index,
            List<String> path,
            PhysicalType type,
            int fixed,
            Meaning meaning)
            implements Node {
        @Override
        public Leaf first() {
            return this;
        }
    }

    /**
     * Fields together.
     *
     * @param form what they make up
     * @param children at least one
     */
    record Group(String name, int definition, int repetition, boolean repeated, Form form, List<Node> children)
            implements Node {
        /** What a group makes up. */
        enum Form {
            /** An object with its fields. */
            OBJECT,
            /** A list: its only field is repeated, and that one's only field is the element. */
            LIST,
            /** A list as old writers had it: its only field is repeated, and is the element. */
            BARE_LIST,
            /** A map: its only field is repeated, with a key and a value. */
            MAP
        }

        /** Copies the children. */
        public Group {
            children = List.copyOf(children);
        }

        @Override
        public Leaf first() {
            return children.getFirst().first();
        }
    }
}
