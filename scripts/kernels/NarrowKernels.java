// SPDX-License-Identifier: Apache-2.0

/**
 * Products with one row, and widening, of panels whose weights are integers in words: Q4_0 has eight in a word, Q8_0 four. Each
 * is brought to its place in the mantissa by another shift, and that is all that eight steps differ in.
 *
 * @param bits of an integer
 * @param up how far to the left the first integer of a word goes
 * @param doc the class's description
 * @param constants its constants
 */
record NarrowKernels(int bits, int up, String doc, String constants) {
    /** Vectors across a panel. */
    private static final int STRIPS = 4;

    /** Weights that share a scale. */
    private static final int BLOCK = 32;

    static String q4() {
        return new NarrowKernels(4, 19, """
            /**
             * Products with one row, and widening, of {@linkplain NarrowPanels panels} of Q4_0.
             *
             * <p>An integer q of 0 to 15 becomes a float without a conversion: put into bits 19 to 22 under the exponent of 1 it is the
             * float 1 + q / 16, and (q − 8) · d = (1 + q / 16) · 16d − 24d is one fused multiply-add, exact because 16d, 24d and the
             * result are.
             *
             * <p>The vectors that live from one block to the next are as few as can be: C2 boxes one of a second set of four.
             */
            """, """
                /** Where in a word the integer is brought: inside the mantissa. */
                static final int FIELD = 0x780000;

                /** The exponent of 1. */
                static final int ONE = 0x3F800000;

                /** How much of the scale a unit of the float stands for. */
                static final float UP = 16f;

                /** What is taken off, as a multiple of UP times the scale. */
                static final float DOWN = -1.5f;
                """).text();
    }

    static String q8() {
        return new NarrowKernels(8, 8, """
            /**
             * Products with one row, and widening, of {@linkplain NarrowPanels panels} of Q8_0.
             *
             * <p>An integer u = q + 128 becomes a float without a conversion: put into bits 8 to 15 under the exponent of 1 it is the
             * float 1 + u / 2¹⁵, and q · d = (1 + u / 2¹⁵) · 2¹⁵d − (2¹⁵ + 128)d is one fused multiply-add. Both constants are exact (d
             * has 11 bits, 2¹⁵ + 128 has 9 but for zeros) and so is q · d, hence so is the result.
             *
             * <p>The vectors that live from one block to the next are as few as can be: C2 boxes one of a second set of four.
             */
            """, """
                /** Where in a word the integer is brought: inside the mantissa. */
                static final int FIELD = 0xFF00;

                /** The exponent of 1. */
                static final int ONE = 0x3F800000;

                /** How much of the scale a unit of the float stands for. */
                static final float UP = 0x1p15f;

                /** What is taken off, as a multiple of UP times the scale. */
                static final float DOWN = -(1f + 0x1p-8f);
                """).text();
    }

    /** Integers in a word. */
    private int perWord() {
        return Integer.SIZE / bits;
    }

    private String text() {
        return Text.header() + """
                import jdk.incubator.vector.FloatVector;
                import jdk.incubator.vector.IntVector;
                import jdk.incubator.vector.VectorOperators;

                """ + doc + """
                    final class Q%dKernels {
                        private static final int L = Lanes.COUNT;
                        private static final int W = NarrowPanels.WIDTH;

                    """.formatted(bits) + Text.indent(4, constants) + """

                            private Q%dKernels() {}

                        """.formatted(bits)
                + Text.indent(4, row()) + "\n" + Text.indent(4, widen()) + "}\n";
    }

    private String row() {
        return """
                /**
                 * One row times one panel.
                 *
                 * @param k steps, a multiple of 32
                 * @param load whether the chains continue from {@code out} or start from 0
                 */
                static void row(
                        int k,
                        float[] x,
                        int xAt,
                        int[] words,
                        int wordsAt,
                        int[] scales,
                        int scalesAt,
                        float[] out,
                        int outAt,
                        boolean load) {
                """
                + Text.indent(
                        4,
                        chains()
                                + """
                                for (int g = 0; g < k / %1$d; g++) {
                                    if ((g & %2$d) == 0) {
                                        // As ScalePairs does it. Here and not there, because the weights' stream must not wait for the scales,
                                        // and a method that gives a vector may not be inlined.
                                        int from = scalesAt + g / %3$d * W;
                                        int half = g / %4$d %% 2 * 16;
                                """.formatted(
                                        perWord(), BLOCK / perWord() - 1, 2 * BLOCK / perWord(), BLOCK / perWord())
                                + Text.indent(8, Text.each(STRIPS, NarrowKernels::scale))
                                + "    }\n"
                                + Text.indent(
                                        4,
                                        Text.each(
                                                STRIPS, s -> "FloatVector down%1$d = up%1$d.mul(DOWN);\n".formatted(s)))
                                + """
                                    int at = wordsAt + g * W;
                                    int p = xAt + %d * g;
                                """.formatted(perWord())
                                + Text.indent(
                                        4, Text.each(STRIPS, NarrowKernels::word) + Text.each(perWord(), this::step))
                                + "}\n"
                                + Text.each(
                                        STRIPS,
                                        s -> "c%d.intoArray(out, %s);\n".formatted(s, Text.plus("outAt", s, "L"))))
                + "}\n";
    }

    private static String chains() {
        return Text.each(STRIPS, s -> "FloatVector c%d = FloatVector.zero(Lanes.FLOATS);\n".formatted(s))
                + "if (load) {\n"
                + Text.indent(
                        4,
                        Text.each(
                                STRIPS,
                                s -> "c%d = FloatVector.fromArray(Lanes.FLOATS, out, %s);\n"
                                        .formatted(s, Text.plus("outAt", s, "L"))))
                + "}\n"
                + noScales();
    }

    private static String noScales() {
        return Text.each(STRIPS, s -> "FloatVector up%d = FloatVector.zero(Lanes.FLOATS);\n".formatted(s));
    }

    private static String scale(int s) {
        // The house format breaks the line where it becomes too long.
        String equals = s < 2 ? " = " : " =\n        ";
        return """
            IntVector s%1$d%2$sIntVector.fromArray(Lanes.INTS, scales, %3$s).lanewise(VectorOperators.LSHR, half);
            up%1$d = s%1$d.and(ScalePairs.MAGNITUDE)
                    .lanewise(VectorOperators.LSHL, 13)
                    .reinterpretAsFloats()
                    .mul(ScalePairs.REBIAS * UP)
                    .reinterpretAsInts()
                    .or(s%1$d.and(ScalePairs.SIGN).lanewise(VectorOperators.LSHL, 16))
                    .reinterpretAsFloats();
            """.formatted(s, equals, Text.plus("from", s, "L"));
    }

    private static String word(int s) {
        return "IntVector w%d = IntVector.fromArray(Lanes.INTS, words, %s);\n".formatted(s, Text.plus("at", s, "L"));
    }

    /** The shift that brings a word's i-th integer to its place; empty where it lies there. */
    private String shifted(int i) {
        int left = up - i * bits;
        return left == 0
                ? ""
                : ".lanewise(VectorOperators.%s, %d)".formatted(left > 0 ? "LSHL" : "LSHR", Math.abs(left));
    }

    /** A step of k: the i-th integers of the words times one number of the row. */
    private String step(int i) {
        String number = "FloatVector x%d = FloatVector.broadcast(Lanes.FLOATS, x[%s]);\n"
                .formatted(i, i == 0 ? "p" : "p + " + i);
        String product = shifted(i).isEmpty() ? """
            c%1$d = x%2$d.fma(w%1$d.and(FIELD).or(ONE).reinterpretAsFloats().fma(up%1$d, down%1$d), c%1$d);
            """ : """
                c%1$d = x%2$d.fma(
                        w%1$d%3$s
                                .and(FIELD)
                                .or(ONE)
                                .reinterpretAsFloats()
                                .fma(up%1$d, down%1$d),
                        c%1$d);
                """;
        return number + Text.each(STRIPS, s -> product.formatted(s, i, shifted(i)));
    }

    private String widen() {
        return """
                /**
                 * Writes rows [0, k) of a panel as strips of [k, lanes]; k is a multiple of 32.
                 *
                 * @param ups the scales times {@link #UP}, [blocks, strips, lanes]
                 */
                static void widen(int k, int[] words, int wordsAt, float[] ups, float[] strips, int stripsAt) {
                    int next = k * L;
                """
                + Text.indent(
                        4,
                        noScales() + """
                            for (int g = 0; g < k / %1$d; g++) {
                                if ((g & %2$d) == 0) {
                                    int from = g / %3$d * W;
                            """.formatted(perWord(), BLOCK / perWord() - 1, BLOCK / perWord())
                                + Text.indent(
                                        8,
                                        Text.each(
                                                STRIPS,
                                                s -> "up%d = FloatVector.fromArray(Lanes.FLOATS, ups, %s);\n"
                                                        .formatted(s, Text.plus("from", s, "L"))))
                                + """
                                    }
                                    int at = wordsAt + g * W;
                                    int to = stripsAt + %d * g * L;
                                """.formatted(perWord())
                                + Text.indent(4, Text.each(STRIPS, this::widened))
                                + "}\n")
                + "}\n";
    }

    private String widened(int s) {
        return word(s)
                + "FloatVector down%1$d = up%1$d.mul(DOWN);\n".formatted(s)
                + Text.each(perWord(), i -> {
                    String to = Text.plus(Text.plus("to", s, "next"), i, "L");
                    String number = shifted(i).isEmpty() ? """
                        w%1$d.and(FIELD).or(ONE).reinterpretAsFloats().fma(up%1$d, down%1$d).intoArray(strips, %2$s);
                        """ : """
                            w%1$d%3$s
                                    .and(FIELD)
                                    .or(ONE)
                                    .reinterpretAsFloats()
                                    .fma(up%1$d, down%1$d)
                                    .intoArray(strips, %2$s);
                            """;
                    return number.formatted(s, to, shifted(i));
                });
    }
}
