// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;
import static dev.jacobian.transformer.generation.Checks.requireTokenIds;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What ends a continuation before its limit.
 *
 * @param eosTokenIds ids that end it, in place of the model's own
 * @param ignoreEos go on after an end token
 * @param stopStrings texts that end it
 * @param repetition when it is taken to run in circles
 */
public record StopConfig(
        Optional<List<Integer>> eosTokenIds, boolean ignoreEos, List<String> stopStrings, RepetitionConfig repetition) {
    /** The model's end tokens alone. */
    public static final StopConfig DEFAULT = new StopConfig(Optional.empty(), false, List.of(), RepetitionConfig.NONE);

    public StopConfig {
        eosTokenIds = eosTokenIds.map(List::copyOf);
        stopStrings = List.copyOf(stopStrings);
        eosTokenIds.ifPresent(ids -> requireTokenIds("eos_token_id", TokenRules.ints(ids)));
        for (String text : stopStrings) {
            require(!text.isEmpty(), "a stop string must not be empty");
        }
    }

    /** The ids that end a continuation of a model with these. */
    public Set<Integer> endTokens(Set<Integer> ofModel) {
        return eosTokenIds.<Set<Integer>>map(LinkedHashSet::new).orElse(ofModel);
    }
}
