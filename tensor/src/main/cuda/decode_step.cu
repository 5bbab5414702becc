// SPDX-License-Identifier: Apache-2.0
//
// The end of a decoding step, so that a whole step is one graph: forward pass, (penalize_*,) sample_* or argmax_* into `chosen`,
// log_probs_* with `chosen` as its targets, advance_decode. Everything a step changes is read and written on the device; the host
// replays the graph and reads `running` now and then.
//
// A sequence that has ended keeps its token, position and length. Replaying computes its last step again, with the same keys
// written to the same places, and nothing is recorded: harmless, if a waste, until the host compacts the batch.
#include "portable.cuh"

constexpr int ADVANCE_THREADS = 256;

constexpr int RUNNING = 0;
constexpr int STOPPED = 1; // by an end token
constexpr int FULL = 2;    // as many tokens as allowed

// All [S] unless it says otherwise. chosen: each sequence's new token, logProbs its log-probability; endTokens [endTokenCount],
// none to ignore them; limits: how many new tokens each may have, at most maxTokens. Changed: tokens, positions: what the next
// forward pass takes in; lengths: its keys, that token's among them; counts: new tokens so far; coordinates [S, 4] of the random
// number (or null): the last one counts the tokens; outTokens, outLogProbs [S, maxTokens]; states: 0 running, 1 ended by an end
// token, 2 at its limit; running [1]: how many still run. Grid: 1.
KERNEL(advance_decode, ADVANCE_THREADS,
       (const int* chosen, const float* logProbs, const int* endTokens, int endTokenCount, const int* limits, int maxTokens,
        int sequences, int* tokens, int* positions, int* lengths, int* counts, int* coordinates, int* outTokens,
        float* outLogProbs, int* states, int* running)) {
    SHARED(int, partial, ADVANCE_THREADS);
    int stillRunning = 0;
    for (int s = threadIdx.x; s < sequences; s += ADVANCE_THREADS) {
        if (states[s] != RUNNING) {
            continue;
        }
        int token = chosen[s];
        int count = counts[s];
        outTokens[static_cast<long long>(s) * maxTokens + count] = token;
        outLogProbs[static_cast<long long>(s) * maxTokens + count] = logProbs[s];
        counts[s] = ++count;
        bool ended = false;
        for (int i = 0; i < endTokenCount; i++) {
            ended = ended || endTokens[i] == token;
        }
        if (ended || count >= limits[s]) {
            states[s] = ended ? STOPPED : FULL;
            continue;
        }
        tokens[s] = token;
        positions[s]++;
        lengths[s]++;
        if (coordinates != nullptr) {
            coordinates[4LL * s + 3] = count;
        }
        stillRunning++;
    }
    partial[threadIdx.x] = stillRunning;
    __syncthreads();
    if (threadIdx.x == 0) {
        int sum = 0;
        for (int t = 0; t < ADVANCE_THREADS; t++) {
            sum += partial[t];
        }
        running[0] = sum;
    }
}
