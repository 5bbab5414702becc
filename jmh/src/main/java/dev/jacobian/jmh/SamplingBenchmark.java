// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.SamplingKernels;
import dev.jacobian.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One token from each of some rows of logits, through the filters of sampling. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SamplingBenchmark {
    private static final Pattern FORM = Pattern.compile("(\\d+)x(\\d+) (none|top_k|top_p|both)");

    /** Rows x vocabulary, and which filters. */
    @Param("1x32000 top_p")
    public String row;

    private Tensor logits; // [R, V]
    private SamplingFilters filters;
    private int[] coordinates;

    /** Rows of a case. */
    static int rows(String text) {
        return Integer.parseInt(parse(text).group(1));
    }

    private static Matcher parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not of the form 'ROWSxVOCABULARY none|top_k|top_p|both'");
        }
        return m;
    }

    @Setup
    public void setUp() {
        Matcher m = parse(row);
        int rows = rows(row);
        int vocabulary = Integer.parseInt(m.group(2));
        Rng rng = new Rng(19, 0);
        float[] numbers = new float[rows * vocabulary];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = 3 * (float) rng.nextGaussian(); // a nucleus of a few thousand tokens
        }
        logits = Tensor.of(numbers, rows, vocabulary);
        boolean k = m.group(3).equals("top_k") || m.group(3).equals("both");
        boolean p = m.group(3).equals("top_p") || m.group(3).equals("both");
        filters = new SamplingFilters(0.7f, k ? 50 : 0, p ? 0.9f : 1, 0);
        coordinates = new int[4 * rows];
    }

    @Benchmark
    public int[] likeliest() {
        return sample(Backends.cpu().sampling());
    }

    @Benchmark
    public int[] plain() {
        return sample(Backends.reference().sampling());
    }

    private int[] sample(SamplingKernels kernels) {
        coordinates[0]++;
        return kernels.sample(logits, filters, 1, coordinates);
    }
}
