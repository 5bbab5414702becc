// SPDX-License-Identifier: Apache-2.0
import java.util.ArrayList;
import java.util.List;

/**
 * Tiles of a few rows that widen the words of a panel in registers, for BF16, Q8_0 and Q4_0: what a word and its integers are is
 * said in {@link NarrowKernels}.
 */
final class NarrowTiles {
    /** Vectors across a tile. */
    private static final int VECTORS = 2;

    private static final List<Integer> ROWS = List.of(4, 8);

    private static final List<Format> FORMATS = List.of(
            new Format("bf16", "Bf16Kernels", 16, 16),
            new Format("q8", "Q8Kernels", 8, 8),
            new Format("q4", "Q4Kernels", 4, 19));

    private NarrowTiles() {}

    /**
     * A format of weights.
     *
     * @param owner the class that has its constants
     * @param bits of a number
     * @param up how far to the left the first number of a word goes
     */
    private record Format(String name, String owner, int bits, int up) {
        int perWord() {
            return Integer.SIZE / bits;
        }

        boolean hasScales() {
            return bits < 16;
        }

        /** The expression that makes a float of the i-th number of a word. */
        String number(int i, int w) {
            String shift = up == i * bits
                    ? ""
                    : ".lanewise(VectorOperators.%s, %d)"
                            .formatted(up > i * bits ? "LSHL" : "LSHR", Math.abs(up - i * bits));
            if (!hasScales()) {
                return "w" + w + (i == 0 ? shift : ".and(" + owner + ".HIGH)") + ".reinterpretAsFloats()";
            }
            return """
                w%1$d%2$s
                        .and(%3$s.FIELD)
                        .or(%3$s.ONE)
                        .reinterpretAsFloats()
                        .fma(up%1$d, down%1$d)\
                """.formatted(w, shift, owner)
                    .replaceFirst("\\n *\\.and", shift.isEmpty() ? ".and" : "\n        .and");
        }
    }

    static String text() {
        StringBuilder text = new StringBuilder(Text.header() + """
            import jdk.incubator.vector.FloatVector;
            import jdk.incubator.vector.IntVector;
            import jdk.incubator.vector.VectorOperators;

            /**
             * A few rows times two vectors of a {@linkplain NarrowPanels panel}, whose words are widened in registers: decoding a few
             * sequences together reads the weights once and writes no widened ones to memory.
             *
             * <p>All have the same arguments: {@code k} steps, whole blocks or words; the left operand {@code x} in rows from {@code xAt} that
             * are {@code xRow} apart, of which {@code last} is the last (a tile with fewer rows repeats it); {@code words} from {@code
             * wordsAt}, and the pairs of {@code scales} from {@code scalesAt} where there are any; the output {@code c} from {@code cFrom}
             * with {@code cRow} between rows; {@code load} whether the chains continue from {@code c} or start from 0.
             */
            final class NarrowTiles {
                private static final int L = Lanes.COUNT;
                private static final int W = NarrowPanels.WIDTH;

                private NarrowTiles() {}
            """);
        for (Format format : FORMATS) {
            for (int rows : ROWS) {
                text.append("\n").append(Text.indent(4, tile(format, rows)));
            }
        }
        return text + "}\n";
    }

    private static String tile(Format format, int rows) {
        Accumulators c = new Accumulators(rows, VECTORS, "c", "c", "cFrom", "cRow");
        List<String> scales = format.hasScales() ? List.of("int[] scales", "int scalesAt") : List.of();
        List<String> parameters = new ArrayList<>(
                List.of("int k", "float[] x", "int xAt", "int xRow", "int last", "int[] words", "int wordsAt"));
        parameters.addAll(scales);
        parameters.addAll(List.of("float[] c", "int cFrom", "int cRow", "boolean load"));
        int per = format.perWord();
        StringBuilder body = new StringBuilder();
        body.append(c.zero())
                .append("if (load) {\n")
                .append(Text.indent(4, c.loads()))
                .append("}\n");
        for (int r = 0; r < rows; r++) {
            body.append("int x%1$d = xAt + Math.min(%1$d, last) * xRow;\n".formatted(r));
        }
        StringBuilder loop = new StringBuilder();
        if (format.hasScales()) {
            body.append(Text.each(VECTORS, s -> "FloatVector up%d = FloatVector.zero(Lanes.FLOATS);\n".formatted(s)));
            loop.append("""
                if ((g & %1$d) == 0) {
                    int from = scalesAt + g / %2$d * W;
                    int half = g / %3$d %% 2 * 16;
                """.formatted(32 / per - 1, 64 / per, 32 / per));
            loop.append(Text.indent(4, Text.each(VECTORS, s ->
                    """
                    IntVector s%1$d = IntVector.fromArray(Lanes.INTS, scales, %2$s).lanewise(VectorOperators.LSHR, half);
                    up%1$d = s%1$d.and(ScalePairs.MAGNITUDE)
                            .lanewise(VectorOperators.LSHL, 13)
                            .reinterpretAsFloats()
                            .mul(ScalePairs.REBIAS * %3$s.UP)
                            .reinterpretAsInts()
                            .or(s%1$d.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                            .reinterpretAsFloats();
                    """.formatted(s, Text.plus("from", s, "L"), format.owner()))));
            loop.append("}\n");
            loop.append(Text.each(
                    VECTORS, s -> "FloatVector down%1$d = up%1$d.mul(%2$s.DOWN);\n".formatted(s, format.owner())));
        }
        loop.append("int at = wordsAt + g * W;\nint p = %d * g;\n".formatted(per));
        loop.append(Text.each(
                VECTORS,
                s -> "IntVector w%d = IntVector.fromArray(Lanes.INTS, words, %s);\n"
                        .formatted(s, Text.plus("at", s, "L"))));
        for (int i = 0; i < per; i++) {
            int step = i;
            loop.append(Text.each(
                    VECTORS, s -> "FloatVector b%d%d = %s;\n".formatted(step, s, format.number(step, s))));
            loop.append(c.links(
                    "a" + i,
                    r -> "x[x%d + p%s]".formatted(r, step == 0 ? "" : " + " + step),
                    (r, w) -> "b" + step + w));
        }
        body.append("for (int g = 0; g < k / ")
                .append(per)
                .append("; g++) {\n")
                .append(Text.indent(4, loop.toString()))
                .append("}\n");
        body.append(c.stores());
        return Text.method(format.name() + "x" + rows, parameters) + Text.indent(4, body.toString()) + "}\n";
    }
}
