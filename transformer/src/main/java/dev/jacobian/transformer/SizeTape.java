// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.transformer.WorkspaceLedger.Block;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A computation with sizes in place of numbers: it takes and gives back arrays as {@link dev.jacobian.autograd.Var} and its
 * tape do, so that the planner need not know which moment of a pass is the worst.
 *
 * <p>What it repeats of them: a value lives until backward has passed the operation that made it; a gradient until it has
 * been handed on; a gradient that two inputs share is copied by whoever adds to it; in a computation that is not recorded
 * values live until their scope ends.
 */
final class SizeTape {
    private final WorkspaceLedger ledger;
    private final boolean records;
    private final List<Step> steps = new ArrayList<>();

    SizeTape(WorkspaceLedger ledger, boolean records) {
        this.ledger = ledger;
        this.records = records;
    }

    /** An intermediate result of {@code size} floats. */
    static final class Node {
        private final long size;
        private final Block value;
        private Block grad;
        private boolean hasGrad;
        private boolean shared;

        private Node(long size, Block value) {
            this.size = size;
            this.value = value;
        }

        Block value() {
            return value;
        }
    }

    /** An operation that has run. */
    private record Step(Node out, Consumer<Block> backward) {}

    boolean records() {
        return records;
    }

    /** A value that is there already and needs no gradient. */
    static Node constant(long size, Block value) {
        return new Node(size, value);
    }

    /** The result of an operation whose backward is given as what it does with the gradient of the result. */
    Node result(long size, Block value, Consumer<Block> backward) {
        Node out = new Node(size, value);
        if (records) {
            steps.add(new Step(out, backward));
        }
        return out;
    }

    /**
     * An operation with a new array for its result and, in backward, one for the gradient of each input.
     *
     * @param kept floats that are computed on the side and kept for backward
     */
    Node operation(long size, long kept, Node... inputs) {
        Block value = ledger.take(size);
        Block side = ledger.take(kept);
        return result(size, value, dOut -> {
            List<Block> gradients = new ArrayList<>();
            for (Node input : inputs) {
                gradients.add(ledger.take(input.size));
            }
            for (int i = 0; i < inputs.length; i++) {
                accumulate(inputs[i], gradients.get(i), true);
            }
            ledger.release(side);
        });
    }

    /** A sum, whose inputs share the gradient of the result. */
    Node add(Node x, Node y) {
        return result(x.size, ledger.take(x.size), dOut -> {
            accumulate(x, dOut, false);
            accumulate(y, dOut, false);
        });
    }

    /** {@code Var.accumulate}. */
    void accumulate(Node node, Block gradient, boolean owned) {
        if (!node.hasGrad) {
            node.hasGrad = true;
            node.grad = gradient;
            node.shared = !owned;
            if (node.shared) {
                ledger.retain(gradient);
            }
            return;
        }
        if (node.shared) {
            Block sum = ledger.take(node.size);
            ledger.release(node.grad);
            node.grad = sum;
            node.shared = false;
        }
        if (owned) {
            ledger.release(gradient);
        }
    }

    /** {@code Tape.backward}: back through everything from the last result, whose gradient is given. */
    void backward(Block gradient) {
        Node root = steps.getLast().out();
        accumulate(root, gradient, false);
        for (Step step : steps.reversed()) {
            Block dOut = step.out().grad;
            step.backward().accept(dOut);
            ledger.release(dOut);
            if (step.out() != root) {
                ledger.release(step.out().value());
            }
        }
    }
}
