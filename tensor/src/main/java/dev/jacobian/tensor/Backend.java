// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * The kernels of one kind of device, by families: everything that computes.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li><b>The order of every sum is part of the contract.</b> Each element of a matrix product is one chain of fused
 *       multiply-adds over k = 0, 1, …; other sums are {@linkplain dev.jacobian.tensor.reference.FixedSum fixed trees} of
 *       16 interleaved partial sums. The reference backend states the order as plain loops and the vector backend must
 *       equal it bit for bit, whatever the batch size, blocking, vector width or number of threads. That makes decoding
 *       with a cache, scoring in one pass and training the same numbers.
 *   <li>A family is an interface, implemented once for each kind of device: as a plain loop (the specification), with the
 *       Vector API, and on a GPU. A new operation is a method of one interface and its three kernels, and nothing else.
 *   <li>Operations are fused where a language model needs them fused; differentiable operations stand on top, in
 *       {@code dev.jacobian.autograd}.
 *   <li>Callers allocate the outputs. Unless stated otherwise tensors are F32 and contiguous, and an output does not
 *       overlap an input.
 *   <li>Shapes are checked where users come in (autograd); kernels trust them.
 * </ul>
 *
 * <p>Letters: N rows (tokens), D features, M, K, N the extents of a matrix product, H heads, V vocabulary.
 */
public interface Backend {
    /** Short name for logs, such as {@code vector-512}. */
    String name();

    /** Matrix products. */
    MatrixKernels matrices();

    /** Arithmetic on elements. */
    ElementwiseKernels elementwise();

    /** Normalisation. */
    NormKernels norms();

    /** Activations of feed-forward layers. */
    ActivationKernels activations();

    /** Positions of queries and keys. */
    PositionKernels positions();

    /** Rows of tables. */
    RowKernels rows();

    /** Attention and its cache. */
    AttentionKernels attention();

    /** Layers that carry a state from token to token. */
    RecurrentKernels recurrent();

    /** Mixture of experts. */
    ExpertKernels experts();

    /** Several operations in one, for few rows. */
    FusedKernels fused();

    /** Softmax over the vocabulary. */
    SoftmaxKernels softmax();

    /** Choosing tokens. */
    SamplingKernels sampling();

    /** Steps of optimizers. */
    OptimizerKernels optimizer();

    /** The device's memory. */
    default BackendMemory memory() {
        return BackendMemory.JAVA_HEAP;
    }

    /** Computations that come again. */
    default Replaying replaying() {
        return Replaying.BY_COMPUTING;
    }

    /** Waits until the device has done everything that it was asked, and throws what went wrong with any of it. */
    default void synchronize() {}
}
