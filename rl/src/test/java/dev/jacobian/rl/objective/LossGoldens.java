// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The inputs and outputs of other libraries' estimators and losses: {@code testdata/rl/verl-core.json} and {@code other-losses.json}. */
public final class LossGoldens {
    /** verl's. */
    public static final LossGoldens VERL = new LossGoldens("verl-core.json", "inputs");
    /** Those of LMOps, SPPO, the general preference model and OpenRLHF. */
    public static final LossGoldens OTHERS = new LossGoldens("other-losses.json", "data");

    private final JsonNode file;
    private final JsonNode inputs;

    private LossGoldens(String name, String inputs) {
        this.file = TestJson.read(TestPaths.testdata("rl", name));
        this.inputs = file.get(inputs);
    }

    /** One call of a library's function. */
    public record Case(int number, JsonNode json, LossGoldens of) {
        /** What was called. */
        public String function() {
            return json.get("function").textValue();
        }

        /** A setting as a number. */
        public double setting(String name) {
            return json.get("settings").get(name).doubleValue();
        }

        /** A setting as a number, or another if it was not given. */
        public double setting(String name, double otherwise) {
            return has(name) ? setting(name) : otherwise;
        }

        /** A setting as a text. */
        public String text(String name) {
            return json.get("settings").get(name).textValue();
        }

        /** Whether a setting was given. */
        public boolean has(String name) {
            return json.get("settings").hasNonNull(name);
        }

        /** Whether an input was given. */
        public boolean given(String input) {
            return json.get("inputs").hasNonNull(input);
        }

        /** An input: an array of its own, or the name of one. */
        public JsonNode input(String name) {
            JsonNode given = json.get("inputs").get(name);
            return given.isTextual() ? of.named(given.textValue()) : given;
        }

        /** An input as rows. */
        public double[][] rows(String name) {
            return LossGoldens.rows(input(name));
        }

        /** Which tokens count. */
        public boolean[][] mask(String name) {
            return Arrays.stream(rows(name)).map(LossGoldens::mask).toArray(boolean[][]::new);
        }

        /** A part of the output. */
        public JsonNode output(String name) {
            return json.get("output").get(name);
        }

        @Override
        public String toString() {
            return number + " " + function() + " " + json.get("settings");
        }
    }

    /** The cases of some functions, as they are named before a space. */
    public Stream<Case> cases(String... functions) {
        List<Case> cases = new ArrayList<>();
        JsonNode all = file.get("cases");
        for (int i = 0; i < all.size(); i++) {
            Case one = new Case(i, all.get(i), this);
            if (Arrays.asList(functions).contains(one.function().split(" ")[0])) {
                cases.add(one);
            }
        }
        return cases.stream();
    }

    /** How many cases there are. */
    public int size() {
        return file.get("cases").size();
    }

    /** An input of a name. */
    public JsonNode named(String name) {
        return switch (name) {
            case "contiguous" -> inputs.get("response_mask");
            case "holes", "emptyrow" -> inputs.get("response_mask_" + name);
            default -> inputs.get(name);
        };
    }

    /** An array of numbers. */
    public static double[] numbers(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
    }

    /** An array of arrays of numbers. */
    public static double[][] rows(JsonNode arrays) {
        return StreamSupport.stream(arrays.spliterator(), false)
                .map(LossGoldens::numbers)
                .toArray(double[][]::new);
    }

    /** Rows end to end. */
    public static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    /** The same in float. */
    public static float[] floats(double[][] rows) {
        double[] flat = flat(rows);
        float[] floats = new float[flat.length];
        for (int t = 0; t < flat.length; t++) {
            floats[t] = (float) flat[t];
        }
        return floats;
    }

    /** What stands where the mask is true. */
    public static double[][] counted(double[][] rows, boolean[][] mask) {
        double[][] counted = new double[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            double[] row = new double[rows[i].length];
            int at = 0;
            for (int t = 0; t < rows[i].length; t++) {
                if (mask[i][t]) {
                    row[at++] = rows[i][t];
                }
            }
            counted[i] = Arrays.copyOf(row, at);
        }
        return counted;
    }

    private static boolean[] mask(double[] row) {
        boolean[] mask = new boolean[row.length];
        for (int t = 0; t < row.length; t++) {
            mask[t] = row[t] > 0;
        }
        return mask;
    }
}
