// SPDX-License-Identifier: Apache-2.0
import java.util.ArrayList;
import java.util.List;

/** The tiles of attention: four queries, or rows of output, at a time. */
final class AttentionTiles {
    private static final int ROWS = 4;

    /** Which rows of a tile share keys and values. */
    private enum Heads {
        /** All. */
        ONE("", 1),
        /** The first two, and the others. */
        TWO("pair", 2),
        /** None. */
        FOUR("head", 4);

        final String prefix;
        final int count;

        Heads(String prefix, int count) {
            this.prefix = prefix;
            this.count = count;
        }

        /** The name of a method. */
        String named(String name) {
            return prefix.isEmpty() ? name : prefix + Character.toUpperCase(name.charAt(0)) + name.substring(1);
        }

        /** The number of the head that a row is of, as it stands in names: nothing where there is one. */
        String of(int row) {
            return this == ONE ? "" : String.valueOf(row * count / ROWS);
        }

        /** The parameters that say where the heads begin. */
        List<String> parameters() {
            return switch (this) {
                case ONE -> List.of();
                case TWO -> List.of("int h0", "int h1");
                case FOUR -> List.of("int h0", "int h1", "int h2", "int h3");
            };
        }

        /** Declarations of the right operand's vectors, one for each head and vector; none where each is used once. */
        String declared(int vectors, String name, Text.Cell where) {
            if (this == FOUR) {
                return "";
            }
            return Text.grid(
                    count,
                    vectors,
                    (head, w) -> "FloatVector " + name + (this == ONE ? "" : head) + w + " = "
                            + loaded(where.at(head, w)) + ";\n");
        }

        /** The right operand of a row and vector. */
        String right(String name, Text.Cell where, int row, int w) {
            return this == FOUR ? loaded(where.at(row, w)) : name + of(row) + w;
        }

        private static String loaded(String where) {
            return "FloatVector.fromArray(Lanes.FLOATS, " + where + ")";
        }
    }

    private AttentionTiles() {}

    static String text() {
        return Text.header() + """
                import jdk.incubator.vector.FloatVector;

                /**
                 * The innermost loops of attention: small matrix products on memory as attention finds it.
                 *
                 * <p>Two kinds. <em>Scores</em>: lanes are keys, the sum runs over the head's elements; keys lie as [headDim, 16]. <em>
                 * Sums of rows</em>: lanes are elements of a head, the sum runs over keys or over queries, and either operand may have any
                 * stride. As in {@link MatMulTiles}, accumulators are named locals and each lane is one chain in order.
                 */
                final class AttentionTiles {
                    private static final int L = Lanes.COUNT;

                    /** Keys per page: the distance between neighbouring elements of a key. */
                    private static final int KEYS = 16;

                    private AttentionTiles() {}

                """
                + Text.indent(
                        4,
                        String.join(
                                "\n",
                                List.of(
                                        scores(Heads.ONE, """
                                            /**
                                             * 4 queries against 2 vectors of keys.
                                             *
                                             * @param d elements of a head
                                             * @param q queries from {@code qFrom} as [d, 4]
                                             * @param s receives the dot products, vector w at {@code sFrom + w * L}, queries {@code sRow} apart
                                             */
                                            """),
                                        scores(Heads.FOUR, """
                                            /**
                                             * 4 queries, each with keys of its own head, against 2 vectors of keys: {@link #scores4x2} for one token.
                                             *
                                             * @param h0 to h3: where a query's head begins in a page of keys, on top of {@code at0} and {@code at1}
                                             */
                                            """),
                                        values(Heads.ONE, 2, """
                                            /** 4 output rows, 2 vectors wide: {@code c[r] += Σ_j e[eAt + r * eRow + j] · v_j} over the keys [first, end) of pages. */
                                            """),
                                        values(Heads.ONE, 1, """
                                            /** 4 output rows, 1 vector wide: {@code c[r] += Σ_j e[eAt + r * eRow + j] · v_j} over the keys [first, end) of pages. */
                                            """),
                                        values(Heads.FOUR, 2, """
                                            /** As {@link #values4x2}, each row with values of its own head, which begin at {@code h0} to {@code h3} of a page. */
                                            """),
                                        values(Heads.FOUR, 1, """
                                            /** As {@link #values4x1}, each row with values of its own head, which begin at {@code h0} to {@code h3} of a page. */
                                            """),
                                        scores(Heads.TWO, """
                                            /** As {@link #headScores4x2}, for two pairs of queries that share the keys of the heads at {@code h0} and {@code h1}. */
                                            """),
                                        values(Heads.TWO, 2, """
                                            /** As {@link #headValues4x2}, for two pairs of rows that share the values at {@code h0} and {@code h1}. */
                                            """),
                                        values(Heads.TWO, 1, """
                                            /** As {@link #headValues4x1}, for two pairs of rows that share the values at {@code h0} and {@code h1}. */
                                            """),
                                        sums(4, 2),
                                        sums(4, 1),
                                        sums(1, 4),
                                        sums(1, 2),
                                        sums(1, 1),
                                        ACROSS)))
                + "}\n";
    }

    /** Dot products of queries with keys. */
    private static String scores(Heads heads, String doc) {
        Accumulators s = new Accumulators(ROWS, 2, "s", "s", "sFrom", "sRow");
        List<String> parameters = new ArrayList<>(List.of("int d", "float[] q"));
        if (heads == Heads.ONE) {
            parameters.add("int qFrom");
        }
        parameters.addAll(List.of("float[] k0", "int at0", "float[] k1", "int at1"));
        parameters.addAll(heads.parameters());
        parameters.addAll(List.of("float[] s", "int sFrom", "int sRow"));
        String query = heads == Heads.ONE ? "qFrom + i * 4" : "i * 4";
        Text.Cell key = (head, w) -> "k" + w + ", at" + w + (heads == Heads.ONE ? "" : " + h" + head) + " + i * KEYS";
        return doc
                + Text.method(heads.named("scores4x2"), parameters)
                + Text.indent(
                        4,
                        s.zero()
                                + "for (int i = 0; i < d; i++) {\n"
                                + Text.indent(
                                        4,
                                        heads.declared(2, "key", key)
                                                + s.links(
                                                        "q",
                                                        r -> "q[" + query + (r == 0 ? "" : " + " + r) + "]",
                                                        (r, w) -> heads.right("key", key, r, w)))
                                + "}\n"
                                + s.stores())
                + "}\n";
    }

    /** Sums over keys of values that lie in pages. */
    private static String values(Heads heads, int vectors, String doc) {
        Accumulators c = new Accumulators(ROWS, vectors, "c", "c", "cFrom", "cRow");
        List<String> parameters = new ArrayList<>(List.of("float[][] pages", "int first", "int end"));
        parameters.addAll(heads == Heads.ONE ? List.of("int h") : heads.parameters());
        parameters.addAll(
                List.of("int width", "float[] e", "int eAt", "int eRow", "float[] c", "int cFrom", "int cRow"));
        Text.Cell value = (head, w) -> "page, h" + (heads == Heads.ONE ? "" : head) + " + " + Text.plus("at", w, "L");
        return doc
                + Text.method(heads.named("values4x" + vectors), parameters)
                + Text.indent(
                        4,
                        c.declared() + """
                                int e1 = eAt + eRow;
                                int e2 = eAt + 2 * eRow;
                                int e3 = eAt + 3 * eRow;
                                for (int j = first; j < end; ) {
                                    float[] page = pages[j / KEYS];
                                    int at = j % KEYS * width;
                                    for (int stop = Math.min(end, (j | (KEYS - 1)) + 1); j < stop; j++, at += width) {
                                """
                                + Text.indent(
                                        8,
                                        heads.declared(vectors, "v", value)
                                                + c.links(
                                                        "x",
                                                        r -> "e[" + (r == 0 ? "eAt" : "e" + r) + " + j]",
                                                        (r, w) -> heads.right("v", value, r, w)))
                                + "    }\n}\n"
                                + c.stores())
                + "}\n";
    }

    /** Sums of rows with any strides. */
    private static String sums(int rows, int vectors) {
        Accumulators c = new Accumulators(rows, vectors, "c", "c", "cFrom", "cRow");
        List<String> parameters = List.of(
                "int n",
                "float[] a",
                "int aFrom",
                "int aRow",
                "int aStep",
                "float[] b",
                "int bFrom",
                "int bStep",
                "float[] c",
                "int cFrom",
                "int cRow");
        return """
            /** %d output row%s, %d vector%s wide: {@code c[r] += Σ_t a[aFrom + r * aRow + t * aStep] · b[bFrom + t * bStep ..]}. */
            """.formatted(rows, rows == 1 ? "" : "s", vectors, vectors == 1 ? "" : "s")
                + Text.method("sums" + rows + "x" + vectors, parameters)
                + Text.indent(
                        4,
                        c.declared()
                                + Text.each(
                                        rows - 1,
                                        r -> "int a%d = %s;\n".formatted(r + 1, Text.plus("aFrom", r + 1, "aRow")))
                                + """
                                for (int t = 0; t < n; t++) {
                                    int bAt = bFrom + t * bStep;
                                    int step = t * aStep;
                                """
                                + Text.indent(
                                        4,
                                        Text.each(
                                                        vectors,
                                                        w ->
                                                                "FloatVector b%d = FloatVector.fromArray(Lanes.FLOATS, b, %s);\n"
                                                                        .formatted(w, Text.plus("bAt", w, "L")))
                                                + c.links(
                                                        "x",
                                                        r -> "a[" + (r == 0 ? "aFrom" : "a" + r) + " + step]",
                                                        (r, w) -> "b" + w))
                                + "}\n"
                                + c.stores())
                + "}\n";
    }

    /** The methods that put tiles side by side. */
    private static final String ACROSS = """
        /** {@link #sums4x2} across {@code width} elements, a multiple of the vector length. */
        static void sums4(
                int n,
                float[] a,
                int aFrom,
                int aRow,
                int aStep,
                float[] b,
                int bFrom,
                int bStep,
                float[] c,
                int cFrom,
                int cRow,
                int width) {
            int i = 0;
            for (; i + 2 * L <= width; i += 2 * L) {
                sums4x2(n, a, aFrom, aRow, aStep, b, bFrom + i, bStep, c, cFrom + i, cRow);
            }
            if (i < width) {
                sums4x1(n, a, aFrom, aRow, aStep, b, bFrom + i, bStep, c, cFrom + i, cRow);
            }
        }

        /** {@link #sums1x4} across {@code width} elements, a multiple of the vector length. */
        static void sums1(
                int n, float[] a, int aFrom, int aStep, float[] b, int bFrom, int bStep, float[] c, int cFrom, int width) {
            int i = 0;
            for (; i + 4 * L <= width; i += 4 * L) {
                sums1x4(n, a, aFrom, 0, aStep, b, bFrom + i, bStep, c, cFrom + i, 0);
            }
            if (i + 2 * L <= width) {
                sums1x2(n, a, aFrom, 0, aStep, b, bFrom + i, bStep, c, cFrom + i, 0);
                i += 2 * L;
            }
            if (i < width) {
                sums1x1(n, a, aFrom, 0, aStep, b, bFrom + i, bStep, c, cFrom + i, 0);
            }
        }
        """;
}
