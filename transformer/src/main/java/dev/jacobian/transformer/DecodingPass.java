// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Replays;
import java.util.function.Consumer;

/**
 * Forward passes over one new token of each of several cached sequences.
 *
 * <pre>{@code
 * KvCache cache = model.newKvCache();
 * int[] sequences = {cache.add()};
 * Var hidden = model.hidden(prompt, Segments.of(prompt.length), cache, sequences);
 * try (DecodingPass pass = new DecodingPass(model, cache)) {
 *     while (...) {
 *         int[] tokens = {choose(hidden)};
 *         hidden = pass.run(tokens, sequences);
 *     }
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>{@link CausalLM#hidden(int[], dev.jacobian.tensor.Segments, KvCache, int[])} computes the same. Here a GPU replays a step
 *       whose shape came before as a graph ({@link Replays}): one launch for hundreds. The cache rounds shapes up so that they
 *       come again ({@link KvCache#step}); inside a {@link dev.jacobian.tensor.Workspace} only.
 *   <li>What was captured holds as long as weights do not change and rotary tables and the cache's memory do not move; then
 *       everything begins anew.
 *   <li>Closed before the cache's scope ends: graphs know the addresses of its memory.
 * </ul>
 *
 * <p>Not thread-safe. Only inside {@link NoGrad}.
 */
public final class DecodingPass implements AutoCloseable {
    private final CausalLM model;
    private final KvCache cache;
    private final Replays replays;

    /** Passes of a model over a cache of its own. */
    public DecodingPass(CausalLM model, KvCache cache) {
        this.model = model;
        this.cache = cache;
        this.replays = Backends.of(model.device()).replaying().newReplays(Replays.Use.DECODING);
    }

    /**
     * Hidden states after the final norm; the sequences are one longer afterwards.
     *
     * @param tokens [n] ids
     * @param sequences [n] handles, each once
     * @return [n, D], of the current workspace and good until the next pass
     * @throws IndexOutOfBoundsException if an id is not in the vocabulary
     */
    public Var run(int[] tokens, int[] sequences) {
        return run(tokens, sequences, state -> {});
    }

    /** The same with a listener, which is shown the states of the layers unless a device replays them. */
    Var run(int[] tokens, int[] sequences, Consumer<Var> listener) {
        if (tokens.length != sequences.length) {
            throw new IllegalArgumentException(
                    tokens.length + " tokens for " + sequences.length + " sequences; give each sequence one");
        }
        return model.backbone().decoded(tokens, cache, sequences, replays, listener);
    }

    /** Gives back what a device kept for replaying. */
    @Override
    public void close() {
        replays.close();
    }
}
