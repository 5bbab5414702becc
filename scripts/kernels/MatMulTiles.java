// SPDX-License-Identifier: Apache-2.0
import java.util.ArrayList;
import java.util.List;

/**
 * The tiles of the matrix product, R rows times W vectors of columns, for a left operand that lies by rows or by columns: they
 * differ in where a step's numbers of the left operand are.
 */
final class MatMulTiles {
    private record Shape(int rows, int vectors) {
        String name() {
            return "tile" + rows + "x" + vectors;
        }
    }

    private static final List<Shape> BY_ROWS = List.of(
            new Shape(8, 2),
            new Shape(8, 1),
            new Shape(4, 3),
            new Shape(4, 2),
            new Shape(4, 1),
            new Shape(1, 4),
            new Shape(1, 1));

    private static final List<Shape> BY_COLUMNS = BY_ROWS.subList(0, 5);

    private MatMulTiles() {}

    static String byRows() {
        return Text.header() + """
            import jdk.incubator.vector.FloatVector;

            /**
             * The innermost loops of the matrix product: R rows times W vectors of columns in registers.
             *
             * <p>Per step of k a tile loads W vectors of the right operand, broadcasts R numbers of the left one and does R · W fused
             * multiply-adds, each lane one link in the chain of one output element. 8 × 2 suits the 32 registers of AVX-512 and NEON:
             * 8 × 3 would fill them better, but then three strips of the right operand no longer fit the first-level cache. 4 × 3 suits
             * the 16 registers of AVX2. One row is for what is left over and for decoding one sequence. The methods repeat themselves
             * on purpose: accumulators must be named locals, because the compiler keeps those in registers and puts an array of
             * vectors on the heap.
             *
             * <p>All have the same arguments: {@code k} steps; the left operand {@code a} in rows from {@code aFrom} that are {@code
             * aRow} apart, of which {@code last} is the last (a tile with fewer rows than R repeats it); the right one {@code b} from
             * {@code bFrom} as W strips of [k, lanes] that are {@code bStrip} apart; the output {@code c} from {@code cFrom} with {@code
             * cRow} between rows; {@code load} whether the chains continue from {@code c} or start from 0.
             */
            final class MatMulTiles {
                private static final int L = Lanes.COUNT;

                private MatMulTiles() {}
            """ + methods(BY_ROWS, true) + "}\n";
    }

    static String byColumns() {
        return Text.header() + """
            import jdk.incubator.vector.FloatVector;

            /**
             * The {@linkplain MatMulTiles register tiles} for a left operand that lies by columns: what a weight gradient is made of, whose
             * left operand is transposed.
             *
             * <p>Turning it round number by number costs as much as a sixth of such a product. Here it is only gathered, a vector at a
             * time, to groups of {@value #GROUP} rows, and a tile finds its numbers of one step of k beside each other. The chains, and so
             * the bits, are those of the other tiles.
             *
             * <p>All have the same arguments: {@code k} steps; the left operand {@code a} as a group of [k, {@value #GROUP}] of which
             * {@code aFrom} is the tile's first row; and the rest as there.
             */
            final class MatMulColumnTiles {
                /** Rows of a group: a cache line. */
                static final int GROUP = 16;

                private static final int L = Lanes.COUNT;

                private MatMulColumnTiles() {}
            """ + methods(BY_COLUMNS, false) + "}\n";
    }

    private static List<String> parameters(boolean byRows) {
        List<String> all = new ArrayList<>(List.of("int k", "float[] a", "int aFrom"));
        if (byRows) {
            all.addAll(List.of("int aRow", "int last"));
        }
        all.addAll(
                List.of("float[] b", "int bFrom", "int bStrip", "float[] c", "int cFrom", "int cRow", "boolean load"));
        return all;
    }

    private static String methods(List<Shape> shapes, boolean byRows) {
        StringBuilder text = new StringBuilder();
        text.append("\n").append(Text.indent(4, choice(shapes, byRows)));
        for (Shape shape : shapes) {
            text.append("\n").append(Text.indent(4, tile(shape, byRows)));
        }
        return text.toString();
    }

    /** The method that calls the tile of a shape. */
    private static String choice(List<Shape> shapes, boolean byRows) {
        List<String> parameters = new ArrayList<>(List.of("int rows", "int vectors"));
        parameters.addAll(parameters(byRows));
        String arguments = String.join(
                ", ",
                parameters(byRows).stream()
                        .map(parameter -> parameter.substring(parameter.indexOf(' ') + 1))
                        .toList());
        StringBuilder text = new StringBuilder("/** The tile of so many rows and vectors. */\n");
        text.append(Text.method("tile", parameters));
        text.append("    switch (rows) {\n");
        for (int rows : shapes.stream().mapToInt(Shape::rows).distinct().toArray()) {
            text.append("        case ").append(rows).append(" -> {\n            switch (vectors) {\n");
            for (Shape shape : shapes) {
                if (shape.rows == rows) {
                    text.append("                case ")
                            .append(shape.vectors)
                            .append(" -> ")
                            .append(shape.name())
                            .append("(")
                            .append(arguments)
                            .append(");\n");
                }
            }
            text.append("                default -> throw noTile(rows, vectors);\n            }\n        }\n");
        }
        return text.append("""
                    default -> throw noTile(rows, vectors);
                }
            }

            private static AssertionError noTile(int rows, int vectors) {
                return new AssertionError("no tile of " + rows + " rows and " + vectors + " vectors");
            }
            """).toString();
    }

    private static String tile(Shape shape, boolean byRows) {
        Accumulators c = new Accumulators(shape.rows, shape.vectors, "c", "c", "cFrom", "cRow");
        String firsts = Text.each(
                shape.rows - 1, r -> "int a" + (r + 1) + " = aFrom + Math.min(" + (r + 1) + ", last) * aRow;\n");
        String right = Text.each(
                shape.vectors,
                w -> "FloatVector b" + w + " = FloatVector.fromArray(Lanes.FLOATS, b, "
                        + Text.plus("bFrom", w, "bStrip") + " + p * L);\n");
        String links = byRows
                ? c.links("x", r -> "a[" + (r == 0 ? "aFrom" : "a" + r) + " + p]", (r, w) -> "b" + w)
                : c.links("x", r -> "a[" + (r == 0 ? "at" : "at + " + r) + "]", (r, w) -> "b" + w);
        return Text.method(shape.name(), parameters(byRows))
                + Text.indent(
                        4,
                        c.zero()
                                + "if (load) {\n" + Text.indent(4, c.loads()) + "}\n"
                                + (byRows ? firsts : "")
                                + "for (int p = 0; p < k; p++) {\n"
                                + (byRows ? "" : "    int at = aFrom + p * GROUP;\n")
                                + Text.indent(4, right + links)
                                + "}\n"
                                + c.stores())
                + "}\n";
    }
}
