// SPDX-License-Identifier: Apache-2.0
/**
 * Tensors, the kernel interface and its CPU implementations. Knows the JDK only.
 *
 * <p>On the module path the Vector API needs no flag; on the class path pass {@code --add-modules jdk.incubator.vector}.
 */
module dev.jacobian.tensor {
    requires jdk.incubator.vector;

    exports dev.jacobian.tensor;
}
