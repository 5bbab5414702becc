// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import java.util.List;

/** What a method knows of the tensor that it is to make: the same tensor of each model, and the parameters for it. */
public interface MergedTensor {
    /** Its name in the checkpoint. */
    String name();

    /** Number of elements. */
    int elements();

    /** The models, in the order of the configuration, the base among them where it takes part. */
    List<Source> models();

    /**
     * A parameter of the method for this tensor.
     *
     * @param otherwise where nobody has set it
     */
    double parameter(String name, double otherwise);

    /**
     * The same without a default.
     *
     * @throws IllegalArgumentException if nobody has set it
     */
    double parameter(String name);

    /**
     * A switch of the method for this tensor.
     *
     * @param otherwise where nobody has set it
     * @throws IllegalArgumentException if it is a number that is neither 0 nor 1
     */
    default boolean isOn(String name, boolean otherwise) {
        double value = parameter(name, otherwise ? 1 : 0);
        if (value != 0 && value != 1) {
            throw new IllegalArgumentException(
                    name + " for " + name() + " is " + value + "; it is a switch: true or false");
        }
        return value == 1;
    }

    /**
     * A random number in [0, 1) for an element, a pure function of seed, tensor, model and element.
     *
     * @param model place in {@link #models}
     */
    float uniform(int model, int element);

    /** One model's share. */
    interface Source {
        /** Its place in {@link MergedTensor#models}. */
        int place();

        /** Whether it is the base. */
        boolean isBase();

        /** The numbers; read from the file at each call, so to be held no longer than needed. */
        float[] read();

        /** A parameter of this model for the tensor; see {@link MergedTensor#parameter(String, double)}. */
        double parameter(String name, double otherwise);

        /** The same without a default; see {@link MergedTensor#parameter(String)}. */
        double parameter(String name);
    }
}
