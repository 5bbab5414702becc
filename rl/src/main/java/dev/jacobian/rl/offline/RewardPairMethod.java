// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.spill.RecordCodec;
import java.util.List;

/** A method that trains a reward model on pairs of sequences, one of which was chosen. */
interface RewardPairMethod extends ScoringMethod<RewardPair> {
    @Override
    default RecordCodec<RewardPair> codec() {
        return RewardPair.CODEC;
    }

    @Override
    default List<RewardPair> encode(JsonNode row, RowEncoder encoder) {
        return RewardPair.read(row, encoder);
    }

    @Override
    default List<Span> spans(List<RewardPair> batch) {
        return RewardPair.spans(batch);
    }

    @Override
    default long tokens(RewardPair example) {
        return example.tokens();
    }
}
