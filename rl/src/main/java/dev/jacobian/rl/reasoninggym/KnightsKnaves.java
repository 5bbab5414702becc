// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * knights_knaves: who is what. The word before a role is its name, wherever in a text; as many pairs as there are people earn
 * 0.3, and 0.7 more in the share that is right.
 */
record KnightsKnaves() implements GymScorer {
    private static final Set<String> FILLERS = Set.of("is", "a", "an", "and");

    private record Pair(String name, String role) {}

    @Override
    public double score(Columns row, String answer) {
        Columns terms = Row.metadata(row);
        if (!(terms.values().get("knight_knave_terms") instanceof Map<?, ?> names)) {
            throw new IllegalArgumentException("a row of knights_knaves needs 'metadata.knight_knave_terms'");
        }
        List<String> roles = Stream.of("knight", "knave")
                .map(role ->
                        String.valueOf(Objects.requireNonNull(names.get(role))).toLowerCase(Locale.ROOT))
                .toList();
        Set<Pair> expected = pairs(Row.answer(row), roles);
        Set<Pair> given = pairs(answer, roles);
        if (given.equals(expected)) {
            return 1;
        }
        long right = expected.stream().filter(given::contains).count();
        return right == 0 || given.size() != expected.size() ? 0 : 0.3 + 0.7 * right / expected.size();
    }

    private static Set<Pair> pairs(String text, List<String> roles) {
        Set<Pair> pairs = new HashSet<>();
        String name = "";
        String plain = text.toLowerCase(Locale.ROOT)
                .replace(".", "")
                .replace(",", "")
                .replace("(", "")
                .replace(")", "");
        for (String word : Python.words(plain)) {
            String role = roles.stream().filter(word::contains).findFirst().orElse("");
            if (!role.isEmpty() && !name.isEmpty()) {
                pairs.add(new Pair(name, role));
                name = "";
            } else if (!FILLERS.contains(word)) {
                name = word;
            }
        }
        return pairs;
    }
}
