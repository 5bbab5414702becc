// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/**
 * States that are carried from token to token and written over: of each sequence as much as it is long or short.
 *
 * @param shapes of the states of one sequence
 */
public record CarriedStates(List<Shape> shapes) implements CacheSpec {
    public CarriedStates {
        shapes = List.copyOf(shapes);
    }

    @Override
    public long numbers(long tokens) {
        return shapes.stream().mapToLong(Shape::elements).sum();
    }
}
