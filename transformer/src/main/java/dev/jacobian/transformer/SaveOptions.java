// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.DType;
import java.util.Optional;

/**
 * How a model is written.
 *
 * @param type of all weights; empty for the type that each had where it was loaded from, or F32 if it was made here
 * @param shardBytes most bytes of weights in a file; what is beyond goes to further files, with an index
 */
public record SaveOptions(Optional<DType> type, long shardBytes) {
    /** What transformers splits checkpoints at. */
    public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

    /** All weights in one type, F32, BF16 or F16. */
    public static SaveOptions of(DType type) {
        return new SaveOptions(Optional.of(type), DEFAULT_SHARD_BYTES);
    }

    /** Each tensor in the type that it had: a model that was not trained comes back byte for byte. */
    public static SaveOptions asLoaded() {
        return new SaveOptions(Optional.empty(), DEFAULT_SHARD_BYTES);
    }

    /** The same in files of another size. */
    public SaveOptions shards(long bytes) {
        return new SaveOptions(type, bytes);
    }
}
