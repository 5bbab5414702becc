// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Short measurements of a model on this machine: a step of decoding by sequences running, and a token of a prompt. For orientation; the times
 * of a run are better.
 *
 * @param decode seconds of a step by number of sequences
 * @param prefill seconds for a token of a prompt
 */
record PlanProbe(Map<Integer, Double> decode, double prefill) {
    private static final int[] RUNNING = {1, 8, 64};
    private static final int STEPS = 16;
    private static final int PROMPT = 16;
    private static final int LONG_PROMPT = 256;
    private static final int REPETITIONS = 3; // at least
    private static final double SHORTEST = 0.3; // seconds of repetitions: the best of many is not disturbed
    private static final double WARM_UP = 1; // seconds until the JIT has done its work
    private static final double LONGEST =
            5; // seconds after which nothing is repeated, and more sequences are not tried

    static PlanProbe measure(Path folder) {
        CausalLM model = CausalLM.load(folder);
        int positions = model.config().maxPositions();
        int prompt = Math.max(1, Math.min(PROMPT, positions / 4));
        int steps = Math.max(2, Math.min(STEPS, positions - prompt - 1));
        double unusedWarmUp = best(model, prompt, RUNNING[1], steps + 1, WARM_UP);
        Map<Integer, Double> decode = new TreeMap<>();
        double least = 0;
        for (int running : RUNNING) {
            double whole = best(model, prompt, running, steps + 1, SHORTEST);
            least = Math.max(least, Math.max(0, whole - best(model, prompt, running, 1, SHORTEST)) / steps);
            decode.put(running, least);
            if (whole > LONGEST) {
                break;
            }
        }
        int tokens = Math.max(1, Math.min(LONG_PROMPT, positions - 2));
        return new PlanProbe(decode, best(model, tokens, 1, 1, SHORTEST) / tokens);
    }

    private static double best(CausalLM model, int prompt, int samples, int tokens, double shortest) {
        int[] ids = new int[prompt];
        for (int i = 0; i < prompt; i++) {
            ids[i] = i % model.config().vocabularySize();
        }
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(tokens)
                .ignoreEos(true)
                .seed(0)
                .build();
        double best = Double.POSITIVE_INFINITY;
        double spent = 0;
        for (int i = 0; (i < REPETITIONS || spent < shortest) && spent < LONGEST; i++) {
            long begin = System.nanoTime();
            new Generator(model)
                    .generate(List.of(new GenerationRequest(
                            new Prefix(ids, 0), samples, config, GenerationRequest.NEVER, RequestListener.NONE)));
            double seconds = (System.nanoTime() - begin) / 1e9;
            best = Math.min(best, seconds);
            spent += seconds;
        }
        return best;
    }
}
