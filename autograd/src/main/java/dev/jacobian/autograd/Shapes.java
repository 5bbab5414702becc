// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;

/** Shape checks with messages that name the operation and the operand. */
final class Shapes {
    private Shapes() {}

    static void requireSame(String operation, Tensor x, Tensor y) {
        if (!x.shape().equals(y.shape())) {
            throw new IllegalArgumentException(operation + ": shapes " + x.shape() + " and " + y.shape() + " differ");
        }
    }

    static void require(String operation, String operand, Tensor x, int... extents) {
        if (!x.shape().equals(Shape.of(extents))) {
            throw new IllegalArgumentException(
                    operation + ": " + operand + " has shape " + x.shape() + ", expected " + Shape.of(extents));
        }
    }

    static void requireIndex(String operation, String operand, int row, int rows) {
        if (row < 0 || row >= rows) {
            throw new IndexOutOfBoundsException(
                    operation + ": row " + row + " is outside of " + operand + ", which has " + rows + " rows");
        }
    }

    static void requireRank(String operation, String operand, Tensor x, int rank) {
        if (x.rank() != rank) {
            throw new IllegalArgumentException(
                    operation + ": " + operand + " has shape " + x.shape() + ", expected " + rank + " dimensions");
        }
    }
}
