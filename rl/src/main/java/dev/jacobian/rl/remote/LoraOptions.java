// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.Optional;

/**
 * What adapter is trained.
 *
 * @param rank rows of A
 * @param seed of the weights that it begins with; none for one of the service's
 * @param trainUnembed whether the head is changed
 * @param trainMlp whether feed-forward layers are
 * @param trainAttn whether attention is
 */
public record LoraOptions(int rank, Optional<Long> seed, boolean trainUnembed, boolean trainMlp, boolean trainAttn) {
    public LoraOptions {
        if (rank < 1) {
            throw new IllegalArgumentException("the rank of an adapter must be at least 1, got " + rank);
        }
    }

    /** Everything is changed. */
    public static LoraOptions ofRank(int rank) {
        return new LoraOptions(rank, Optional.empty(), true, true, true);
    }

    /** The same with a seed. */
    public LoraOptions withSeed(long value) {
        return new LoraOptions(rank, Optional.of(value), trainUnembed, trainMlp, trainAttn);
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object()
                .put("rank", rank)
                .put("train_unembed", trainUnembed)
                .put("train_mlp", trainMlp)
                .put("train_attn", trainAttn);
        seed.ifPresent(value -> json.put("seed", value));
        return json;
    }
}
