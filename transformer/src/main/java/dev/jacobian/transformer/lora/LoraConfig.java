// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A low-rank adapter, under the names of PEFT's {@code LoraConfig}.
 *
 * @param rank columns of B and rows of A, {@code r}
 * @param alpha the product is multiplied by alpha/r
 * @param dropout probability with which A does not see an element, in training
 * @param targets modules that are changed
 * @param excluded modules that are not, whatever {@code targets} says
 * @param rankStabilized whether the factor is alpha/√r (Kalajdzievski, 2023, arXiv:2312.03732)
 * @param magnitudes whether the length of each row is learned by itself (DoRA)
 * @param saved modules that are trained whole, by the ends of their paths
 * @param bias which biases are trained
 * @param ranks other ranks for modules whose path ends so, the first that matches
 * @param alphas other alphas likewise
 * @param layers layers in which modules are changed; empty for all
 * @param layersPattern names of the list that these count, one of them
 * @param init what a fresh adapter begins with
 * @param tied whether what the embedding and a tied head get should be tied too
 * @param source the JSON object as it was read, written back on saving
 */
public record LoraConfig(
        int rank,
        double alpha,
        double dropout,
        Modules targets,
        Optional<Modules> excluded,
        boolean rankStabilized,
        boolean magnitudes,
        List<String> saved,
        Bias bias,
        Map<ModulePattern, Integer> ranks,
        Map<ModulePattern, Double> alphas,
        List<Integer> layers,
        List<String> layersPattern,
        Init init,
        boolean tied,
        ObjectNode source) {
    public LoraConfig {
        saved = List.copyOf(saved);
        layers = List.copyOf(layers);
        layersPattern = List.copyOf(layersPattern);
    }

    /** An adapter of every linear layer but the head, that changes nothing yet. */
    public static LoraConfig allLinear(int rank, double alpha) {
        ObjectNode json = Json.object().put("r", rank).put("lora_alpha", alpha).put("target_modules", "all-linear");
        return LoraConfigReader.parse(json, "an adapter of all linear layers");
    }

    /** The rank that a module gets. */
    int rank(String module) {
        return first(ranks, module).orElse(rank);
    }

    /** The factor of B · A in a module. */
    float scale(String module) {
        double r = rank(module);
        double numerator = first(alphas, module).orElse(alpha);
        return (float) (numerator / (rankStabilized ? Math.sqrt(r) : r));
    }

    private static <T> Optional<T> first(Map<ModulePattern, T> patterns, String module) {
        return patterns.entrySet().stream()
                .filter(entry -> entry.getKey().matches(module))
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
