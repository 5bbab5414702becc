// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import java.util.List;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * What the benchmarks of libtorch share.
 *
 * <p>Threads: libtorch's own are set with {@code at::set_num_threads}, those of the OpenBLAS that it calls with {@code
 * blas_set_num_threads}. On more than one thread {@code OMP_WAIT_POLICY=PASSIVE}, which jmh/bench sets unless the user has, is
 * what makes the two pools share the processors: by default the one spins while the other works.
 */
final class Torch {
    private Torch() {}

    /** Threads as the fork's property says. */
    static void setThreads() {
        int threads = Integer.getInteger("jacobian.threads", 1);
        openblas.blas_set_num_threads(threads);
        torch.set_num_threads(threads);
    }

    /** A tensor of these numbers, with memory of its own. */
    static Tensor of(float[] values, long... shape) {
        Tensor tensor = torch.empty(shape);
        tensor.data_ptr_float().put(values);
        return tensor;
    }

    /** A tensor of token ids. */
    static Tensor of(long[] values, long... shape) {
        Tensor tensor = torch.zeros(shape, new TensorOptions(torch.ScalarType.Long));
        tensor.data_ptr_long().put(values);
        return tensor;
    }

    /** Sequences of one length, [B, T]. */
    static Tensor of(List<int[]> sequences) {
        int length = sequences.getFirst().length;
        long[] ids = new long[sequences.size() * length];
        for (int s = 0; s < sequences.size(); s++) {
            for (int t = 0; t < length; t++) {
                ids[s * length + t] = sequences.get(s)[t];
            }
        }
        return of(ids, sequences.size(), length);
    }

    /** Fails unless a number is that of ours. */
    static void requireSame(String what, double theirs, double ours) {
        if (!(Math.abs(theirs - ours) < 1e-5 * Math.max(1, Math.abs(ours)))) {
            throw new IllegalStateException("libtorch computes " + what + " as " + theirs + " where ours is " + ours
                    + ": the two do not do the same work");
        }
    }
}
