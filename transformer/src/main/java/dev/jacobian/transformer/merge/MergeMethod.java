// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import java.util.List;
import java.util.Set;

/**
 * How models become one: a formula over the numbers of one tensor.
 *
 * <p>Arithmetic is F32, operation by operation in the order in which the formula is written and the models are listed; sums over a tensor are double in
 * fixed pieces. So the result has the same bits with any number of threads. Only what is stored is rounded to a narrower type.
 */
public interface MergeMethod {
    /** What mergekit calls it. */
    String name();

    /** One line on what it does. */
    String about();

    /** Whether one model is the base that the others are told apart from. */
    boolean needsBase();

    /** Parameters that each model may have. */
    Set<String> modelParameters();

    /** Parameters of the method. */
    Set<String> parameters();

    /**
     * Refuses a number of models that it has no formula for.
     *
     * @param models how many, the base among them
     * @throws IllegalArgumentException saying how many it takes
     */
    void requireModels(int models);

    /**
     * The parameters of a tensor, looked up and checked: what is missing or out of range is found before a weight is read.
     *
     * @throws IllegalArgumentException naming the parameter
     */
    void check(MergedTensor tensor);

    /** The merged numbers; a new array. */
    float[] merge(MergedTensor tensor);

    /** All methods. */
    static List<MergeMethod> all() {
        return List.of(
                new Linear(),
                new Slerp(),
                TaskVectors.TASK_ARITHMETIC,
                TaskVectors.TIES,
                TaskVectors.DARE_LINEAR,
                TaskVectors.DARE_TIES);
    }

    /**
     * The method of a name; {@code -} stands for {@code _} too.
     *
     * @throws IllegalArgumentException if there is none, with those that there are
     */
    static MergeMethod named(String name) {
        String wanted = name.strip().replace('-', '_');
        return all().stream()
                .filter(method -> method.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no merge method '" + name + "'; there are "
                        + String.join(
                                ", ", all().stream().map(MergeMethod::name).toList())));
    }
}
