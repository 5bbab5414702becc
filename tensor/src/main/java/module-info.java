// SPDX-License-Identifier: Apache-2.0
/**
 * Tensors, the kernel interface and its implementations. Knows the JDK only, and JCuda where it is there.
 *
 * <p>On the module path the Vector API needs no flag; on the class path pass {@code --add-modules jdk.incubator.vector}.
 * A GPU needs JCuda's jars: on the class path they are found as they are, on the module path {@code --add-modules
 * jcuda,jcublas,java.logging} names them.
 */
module dev.jacobian.tensor {
    requires jdk.incubator.vector;
    requires jdk.jfr; // not optional: a recording may be started (jcmd JFR.start) when the process is already running
    requires static jcuda;
    requires static jcublas;

    exports dev.jacobian.tensor;
}
