// SPDX-License-Identifier: Apache-2.0

import module dev.jacobian.autograd;

import java.util.List;
import java.util.Optional;

/**
 * 02: a training loop.
 *
 * <p>Four lines that every training here has, from this line through eight points to a language model: compute the loss, walk
 * back, step, clear.
 */
class ATrainingLoop {
    void main() {
        Var x = Var.constant(Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7}, 8, 1)); // [N, 1]
        Var wanted = Var.constant(Tensor.of(new float[] {1, 3, 5, 7, 9, 11, 13, 15}, 8, 1)); // [N, 1]: 2x + 1
        Parameter weight = Var.parameter("weight", Tensor.of(new float[] {0}, 1, 1)); // [1, 1]: outputs, inputs
        Parameter bias = Var.parameter("bias", Tensor.of(new float[] {0}, 1)); // [1]
        AdamW optimizer = new AdamW(List.of(weight, bias), AdamWConfig.DEFAULT);

        for (int step = 0; step <= 400; step++) {
            Var error = Elementwise.subtract(Linear.linear(x, weight, Optional.of(bias)), wanted); // [N, 1]
            Var loss = Reduction.mean(Elementwise.multiply(error, error)); // []
            loss.backward();
            optimizer.step(0.05);
            optimizer.zeroGrad(); // without this line each step would follow the sum of all gradients so far
            if (step % 100 == 0) {
                IO.println("step %3d: loss %8.4f, y = %.3f x + %.3f"
                        .formatted(step, loss.value().item(), weight.value().item(), bias.value().item()));
            }
        }
    }
}

/* Prints:
step   0: loss  85.0000, y = 0.050 x + 0.050
step 100: loss   0.1290, y = 1.859 x + 1.646
step 200: loss   0.0413, y = 1.921 x + 1.366
step 300: loss   0.0088, y = 1.964 x + 1.169
step 400: loss   0.0013, y = 1.986 x + 1.065
*/
