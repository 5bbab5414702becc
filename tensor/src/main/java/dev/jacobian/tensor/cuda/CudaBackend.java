// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.AttentionKernels;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.BackendMemory;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.FusedKernels;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.NormKernels;
import dev.jacobian.tensor.OptimizerKernels;
import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.RecurrentKernels;
import dev.jacobian.tensor.Replaying;
import dev.jacobian.tensor.RowKernels;
import dev.jacobian.tensor.SamplingKernels;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.graphs.CudaReplaying;
import dev.jacobian.tensor.cuda.operations.CudaActivations;
import dev.jacobian.tensor.cuda.operations.CudaAttention;
import dev.jacobian.tensor.cuda.operations.CudaElementwise;
import dev.jacobian.tensor.cuda.operations.CudaExperts;
import dev.jacobian.tensor.cuda.operations.CudaFusedRows;
import dev.jacobian.tensor.cuda.operations.CudaMatrices;
import dev.jacobian.tensor.cuda.operations.CudaMemory;
import dev.jacobian.tensor.cuda.operations.CudaNorms;
import dev.jacobian.tensor.cuda.operations.CudaOptimizer;
import dev.jacobian.tensor.cuda.operations.CudaPositions;
import dev.jacobian.tensor.cuda.operations.CudaRecurrent;
import dev.jacobian.tensor.cuda.operations.CudaRows;
import dev.jacobian.tensor.cuda.operations.CudaSampling;
import dev.jacobian.tensor.cuda.operations.CudaSoftmax;
import dev.jacobian.tensor.cuda.operations.RowSums;
import dev.jacobian.tensor.reference.ReferenceFused;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An NVIDIA GPU's kernels in one {@link Arithmetic}.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>No method waits for the device but those that return a number. Work is handed to the device's dispatcher in order; see
 *       {@link CudaEngine}.
 *   <li>Everything but matrix products and single-token attention has the reference's order of sums, so in F32 its bits. In
 *       {@link Arithmetic#BATCH_INVARIANT} these have it too, and a model gives the same bits here and on the CPU.
 *   <li>F32 or BF16 storage; arithmetic and sums are F32 in both. Norm weights, biases, statistics, gradients of parameters
 *       and optimizer state are F32 always.
 * </ul>
 */
public final class CudaBackend implements Backend {
    private static final Map<Integer, Map<Arithmetic, CudaBackend>> OPEN = new HashMap<>();

    private final CudaEngine engine;
    private final MatrixKernels matrices;
    private final ElementwiseKernels elementwise;
    private final NormKernels norms;
    private final ActivationKernels activations;
    private final PositionKernels positions;
    private final RowKernels rows;
    private final AttentionKernels attention;
    private final RecurrentKernels recurrent = new CudaRecurrent();
    private final ExpertKernels experts;
    private final FusedKernels fused;
    private final SoftmaxKernels softmax;
    private final SamplingKernels sampling;
    private final OptimizerKernels optimizer;
    private final BackendMemory memory;
    private final Replaying replaying;

    CudaBackend(CudaEngine engine) {
        RowSums rowSums = new RowSums(engine);
        this.engine = engine;
        this.matrices = new CudaMatrices(engine);
        this.elementwise = new CudaElementwise(engine, rowSums);
        this.norms = new CudaNorms(engine, rowSums);
        this.activations = new CudaActivations(engine);
        this.positions = new CudaPositions(engine);
        this.rows = new CudaRows(engine);
        this.attention = new CudaAttention(this, engine);
        this.experts = new CudaExperts(engine);
        this.fused = new CudaFusedRows(engine, new ReferenceFused(this));
        this.softmax = new CudaSoftmax(engine);
        this.sampling = new CudaSampling(engine);
        this.optimizer = new CudaOptimizer(engine);
        this.memory = new CudaMemory(engine);
        this.replaying = new CudaReplaying(this, engine);
    }

    /**
     * The backend of a GPU in its arithmetic; opened when the GPU is first asked for.
     *
     * @throws CudaException if it cannot be used; the message says what is missing and how to mend it
     */
    public static CudaBackend of(Device device) {
        synchronized (OPEN) {
            Map<Arithmetic, CudaBackend> backends = OPEN.get(device.ordinal());
            if (backends == null) {
                backends = inEachArithmetic(CudaEngine.open(device.ordinal()));
                OPEN.put(device.ordinal(), backends);
            }
            return Objects.requireNonNull(backends.get(device.arithmetic()));
        }
    }

    private static Map<Arithmetic, CudaBackend> inEachArithmetic(CudaEngine engine) {
        Map<Arithmetic, CudaBackend> backends = new EnumMap<>(Arithmetic.class);
        for (Arithmetic arithmetic : Arithmetic.values()) {
            backends.put(arithmetic, new CudaBackend(engine.with(arithmetic)));
        }
        return backends;
    }

    /** Closes all devices; what is still on them is lost. */
    public static void closeAll() {
        synchronized (OPEN) {
            List<CudaEngine> open = OPEN.values().stream()
                    .map(backends -> backends.values().iterator().next().engine) // closing one closes the device
                    .toList();
            OPEN.clear();
            open.forEach(CudaEngine::close);
        }
    }

    public CudaEngine engine() {
        return engine;
    }

    @Override
    public String name() {
        return engine.context().device().toString();
    }

    @Override
    public MatrixKernels matrices() {
        return matrices;
    }

    @Override
    public ElementwiseKernels elementwise() {
        return elementwise;
    }

    @Override
    public NormKernels norms() {
        return norms;
    }

    @Override
    public ActivationKernels activations() {
        return activations;
    }

    @Override
    public PositionKernels positions() {
        return positions;
    }

    @Override
    public RowKernels rows() {
        return rows;
    }

    @Override
    public AttentionKernels attention() {
        return attention;
    }

    @Override
    public RecurrentKernels recurrent() {
        return recurrent;
    }

    @Override
    public ExpertKernels experts() {
        return experts;
    }

    @Override
    public FusedKernels fused() {
        return fused;
    }

    @Override
    public SoftmaxKernels softmax() {
        return softmax;
    }

    @Override
    public SamplingKernels sampling() {
        return sampling;
    }

    @Override
    public OptimizerKernels optimizer() {
        return optimizer;
    }

    @Override
    public BackendMemory memory() {
        return memory;
    }

    @Override
    public Replaying replaying() {
        return replaying;
    }

    @Override
    public void synchronize() {
        engine.synchronize();
    }
}
