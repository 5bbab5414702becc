// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.Comparator;
import java.util.HashSet;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The walk back through recorded operations.
 *
 * <p>Operations are visited from the last to the first, each once, when all gradients of its result have arrived. Nothing
 * is global: the tape is the graph that hangs on the variable, and is garbage when the variable is.
 */
final class Tape {
    private Tape() {}

    static void backward(Var root, Tensor gradient) {
        if (root instanceof Result result) {
            result.producer.requireNotWalked();
            result.share(gradient);
            walk(result);
        } else {
            root.share(gradient);
        }
    }

    private static void walk(Result root) {
        PriorityQueue<Result> pending =
                new PriorityQueue<>(Comparator.comparingLong((Result result) -> result.producer.order)
                        .reversed());
        Set<Result> seen = new HashSet<>();
        pending.add(root);
        seen.add(root);
        while (!pending.isEmpty()) {
            Result result = pending.poll();
            Tensor dOut = result.takeGrad();
            if (dOut == null) {
                continue; // no path from the root went through this result with a gradient
            }
            result.producer.walkBack(dOut);
            Workspace.release(dOut);
            if (result != root) {
                result.recycleValue(); // all operations that read it came later and have been walked
            }
            for (Var input : result.producer.inputs()) {
                if (input instanceof Result made && seen.add(made)) {
                    pending.add(made);
                }
            }
        }
    }
}
