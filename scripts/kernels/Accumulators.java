// SPDX-License-Identifier: Apache-2.0
import java.util.function.IntFunction;

/**
 * A tile's accumulators, R rows of W vectors: named locals, because the compiler keeps those in registers and puts an array of
 * vectors on the heap.
 *
 * @param name the letter that their names begin with, such as the c of {@code c00}
 * @param into the array that they are written to
 * @param at where the tile begins there
 * @param row the distance of its rows
 */
record Accumulators(int rows, int vectors, String name, String into, String at, String row) {
    /** The name of one. */
    String at(int r, int w) {
        return name + r + w;
    }

    private String index(int r, int w) {
        return Text.plus(Text.plus(at, r, row), w, "L");
    }

    /** Their declarations, all zero. */
    String zero() {
        return Text.grid(rows, vectors, (r, w) -> "FloatVector " + at(r, w) + " = FloatVector.zero(Lanes.FLOATS);\n");
    }

    /** Their declarations, with what the array holds. */
    String declared() {
        return Text.grid(rows, vectors, (r, w) -> "FloatVector " + loaded(r, w));
    }

    /** Their assignments from the array. */
    String loads() {
        return Text.grid(rows, vectors, this::loaded);
    }

    private String loaded(int r, int w) {
        return at(r, w) + " = FloatVector.fromArray(Lanes.FLOATS, " + into + ", " + index(r, w) + ");\n";
    }

    /** Their way to the array. */
    String stores() {
        return Text.grid(rows, vectors, (r, w) -> at(r, w) + ".intoArray(" + into + ", " + index(r, w) + ");\n");
    }

    /**
     * One link of every chain: for each row its number, then its products.
     *
     * @param broadcast the letter of the numbers' names
     * @param number where row r's number is
     * @param right the right operand of a row and vector
     */
    String links(String broadcast, IntFunction<String> number, Text.Cell right) {
        return Text.each(
                rows,
                r -> "FloatVector " + broadcast + r + " = FloatVector.broadcast(Lanes.FLOATS, " + number.apply(r)
                        + ");\n"
                        + Text.each(
                                vectors,
                                w -> at(r, w) + " = " + broadcast + r + ".fma(" + right.at(r, w) + ", " + at(r, w)
                                        + ");\n"));
    }
}
