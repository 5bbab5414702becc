// SPDX-License-Identifier: Apache-2.0
/**
 * Tensors, the kernel interface and its CPU implementations. Knows the JDK only.
 *
 * <p>On the module path the Vector API needs no flag; on the class path pass {@code --add-modules jdk.incubator.vector}.
 */
module dev.jacobian.tensor {
    requires jdk.incubator.vector;
    requires jdk.jfr; // not optional: a recording may be started (jcmd JFR.start) when the process is already running

    exports dev.jacobian.tensor;
}
