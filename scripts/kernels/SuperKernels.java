// SPDX-License-Identifier: Apache-2.0

/**
 * Products with one row, and widening, of a block of 256 steps of a panel: eight steps at a time, which are one word of 4-bit integers, or
 * four where they have upper pairs of bits in another word. (C1 has too few virtual registers for eight of those, and what it does not
 * compile is interpreted until C2 does.)
 *
 * @param bits of an integer
 * @param doc the class's description
 * @param constants its constants
 */
record SuperKernels(int bits, String doc, String constants) {
    /** Vectors across a panel. */
    private static final int STRIPS = 4;

    /** Steps of a block. */
    private static final int BLOCK = 256;

    static String q4() {
        return new SuperKernels(4, """
            /**
             * Products with one row, and widening, of blocks of 256 steps of {@linkplain NarrowPanels panels} of Q4_K.
             *
             * <p>An integer q of 0 to 15 becomes a float without a conversion: put into bits 19 to 22 under the exponent of 1 it is the
             * float 1 + q / 16. Less 1 and times 16 scales it is exact, so a fused multiply-add rounds once, as the number is defined.
             */
            """, """
                /** Where in a word the integer is brought: inside the mantissa. */
                private static final int FIELD = 0x780000;

                /** The exponent of 1. */
                private static final int ONE = 0x3F800000;

                /** How much of the scale a unit of the float stands for. */
                static final float UP = 16f;
                """).text();
    }

    static String q6() {
        return new SuperKernels(6, """
            /**
             * Products with one row, and widening, of blocks of 256 steps of {@linkplain NarrowPanels panels} of Q6_K.
             *
             * <p>An integer u = q + 32 becomes a float without a conversion: put into bits 17 to 22 under the exponent of 1 it is the
             * float 1 + u / 64, and q · s = (1 + u / 64) · 64s − 96s is one fused multiply-add, exact because 64s, 96s and the result
             * are.
             */
            """, """
                /** Where the low halves are brought: inside the mantissa. */
                private static final int LOW = 0x1E0000;

                /** Where the upper pairs of bits are. */
                private static final int HIGH = 0x600000;

                /** The exponent of 1. */
                private static final int ONE = 0x3F800000;

                /** How much of the scale a unit of the float stands for. */
                static final float UP = 64f;

                /** What is taken off, as a multiple of UP times the scale. */
                private static final float DOWN = -1.5f;
                """).text();
    }

    private boolean hasUpper() {
        return bits > 4;
    }

    /** Steps at a time. */
    private int steps() {
        return hasUpper() ? 4 : 8;
    }

    private String text() {
        return Text.header() + """
                import jdk.incubator.vector.FloatVector;
                import jdk.incubator.vector.IntVector;
                import jdk.incubator.vector.VectorOperators;

                """ + doc + """
                    final class Q%dKKernels {
                        private static final int L = Lanes.COUNT;
                        private static final int W = NarrowPanels.WIDTH;

                        /** Groups of %d steps of a block. */
                        private static final int GROUPS = %d;

                    """.formatted(bits, steps(), BLOCK / steps()) + Text.indent(4, constants)
                + """

                    private Q%dKKernels() {}

                """.formatted(bits)
                + Text.indent(4, row()) + "\n" + Text.indent(4, widen()) + "}\n";
    }

    private String row() {
        return """
                /**
                 * 256 numbers of a row times a block of a panel.
                 *
                 * @param scales as {@link SuperScales} widens them
                 * @param load whether the chains continue from {@code out} or start from 0
                 */
                static void row(
                        float[] x, int xAt, int[] words, int wordsAt, float[] scales, float[] out, int outAt, boolean load) {
                """
                + Text.indent(
                        4,
                        Text.each(STRIPS, s -> "FloatVector c%d = FloatVector.zero(Lanes.FLOATS);\n".formatted(s))
                                + "if (load) {\n"
                                + Text.indent(
                                        4,
                                        Text.each(
                                                STRIPS,
                                                s -> "c%d = FloatVector.fromArray(Lanes.FLOATS, out, %s);\n"
                                                        .formatted(s, Text.plus("outAt", s, "L"))))
                                + "}\n"
                                + "for (int g = 0; g < GROUPS; g++) {\n"
                                + Text.indent(
                                        4,
                                        heads()
                                                + "int p = xAt + %d * g;\n".formatted(steps())
                                                + Text.each(STRIPS, this::loads)
                                                + Text.each(steps(), this::step))
                                + "}\n"
                                + Text.each(
                                        STRIPS,
                                        s -> "c%d.intoArray(out, %s);\n".formatted(s, Text.plus("outAt", s, "L"))))
                + "}\n";
    }

    /** Where the scales and words of eight steps are. */
    private String heads() {
        return hasUpper() ? """
            int from = g / 4 * W;
            int at = wordsAt + (g / 4 * 3 + g % 4 / 2) * W;
            int above = wordsAt + (g / 4 * 3 + 2) * W;
            int half = g % 2 * 16;
            int quarter = g % 4 * 8;
            """ : """
                int from = g / 4 * W;
                int at = wordsAt + g * W;
                """;
    }

    /** A strip's scales and words. */
    private String loads(int s) {
        String up = "FloatVector up%d = FloatVector.fromArray(Lanes.FLOATS, scales, %s);\n"
                .formatted(s, Text.plus("from", s, "L"));
        String word =
                "IntVector w%d = IntVector.fromArray(Lanes.INTS, words, %s);\n".formatted(s, Text.plus("at", s, "L"));
        return hasUpper()
                ? up
                        + "FloatVector down%1$d = up%1$d.mul(DOWN);\n".formatted(s)
                        + word
                        + "w%1$d = w%1$d.lanewise(VectorOperators.LSHR, half);\n".formatted(s)
                        + "IntVector h%1$d = IntVector.fromArray(Lanes.INTS, words, %2$s);\n"
                                .formatted(s, Text.plus("above", s, "L"))
                        + "h%1$d = h%1$d.lanewise(VectorOperators.LSHR, quarter);\n".formatted(s)
                : up
                        + "FloatVector down%d = FloatVector.fromArray(Lanes.FLOATS, scales, %s);\n"
                                .formatted(s, Text.plus("from + 8 * W", s, "L"))
                        + word;
    }

    private static String shift(int left) {
        return left == 0
                ? ""
                : ".lanewise(VectorOperators.%s, %d)".formatted(left > 0 ? "LSHL" : "LSHR", Math.abs(left));
    }

    /** The bits of the float that a strip's i-th integer becomes, as a statement. */
    private String bits(int s, int i) {
        return hasUpper()
                ? "IntVector l%1$d%2$d = w%1$d%3$s.and(LOW);\n".formatted(s, i, shift(17 - 4 * i))
                        + "IntVector u%1$d%2$d =\n        h%1$d%3$s.and(HIGH).or(l%1$d%2$d).or(ONE);\n"
                                .formatted(s, i, shift(21 - 2 * i))
                : "IntVector u%1$d%2$d = w%1$d%3$s.and(FIELD).or(ONE);\n".formatted(s, i, shift(19 - 4 * i));
    }

    /** The number, as an expression. */
    private String number(int s, int i) {
        return (hasUpper()
                        ? "u%1$d%2$d.reinterpretAsFloats().fma(up%1$d, down%1$d)"
                        : "u%1$d%2$d.reinterpretAsFloats().sub(1f).fma(up%1$d, down%1$d)")
                .formatted(s, i);
    }

    private String step(int i) {
        return "FloatVector x%d = FloatVector.broadcast(Lanes.FLOATS, x[%s]);\n".formatted(i, i == 0 ? "p" : "p + " + i)
                + Text.each(
                        STRIPS, s -> bits(s, i) + "c%1$d = x%2$d.fma(%3$s, c%1$d);\n".formatted(s, i, number(s, i)));
    }

    private String widen() {
        return """
                /**
                 * Writes a block of a panel as rows of strips of [k, lanes].
                 *
                 * @param scales as {@link SuperScales} widens them
                 * @param next from a strip to the next one
                 */
                static void widen(int[] words, int wordsAt, float[] scales, float[] strips, int stripsAt, int next) {
                    for (int g = 0; g < GROUPS; g++) {
                """
                + Text.indent(
                        8,
                        heads()
                                + "int to = stripsAt + %d * g * L;\n".formatted(steps())
                                + Text.each(
                                        STRIPS,
                                        s -> loads(s)
                                                + Text.each(
                                                        steps(),
                                                        i -> bits(s, i)
                                                                + number(s, i)
                                                                + ".intoArray(strips, %s);\n"
                                                                        .formatted(Text.plus(
                                                                                Text.plus("to", s, "next"), i, "L")))))
                + "    }\n}\n";
    }
}
