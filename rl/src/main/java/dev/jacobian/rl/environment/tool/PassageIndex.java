// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The passages of a text, found by words: Okapi's BM25 (Robertson et al., 1994) with k1 = 1.2 and b = 0.75. Passages that match equally
 * well come in the order of the text.
 */
final class PassageIndex {
    private static final Pattern NO_WORD = Pattern.compile("[^\\p{L}\\p{N}]+");
    private static final double K1 = 1.2;
    private static final double B = 0.75;

    private final List<String> passages;
    private final List<Map<String, Integer>> counts = new ArrayList<>(); // of each passage's words
    private final Map<String, Integer> spread = new HashMap<>(); // in how many passages a word is
    private final double meanLength;

    PassageIndex(String text) {
        passages =
                text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        long words = 0;
        for (String passage : passages) {
            Map<String, Integer> own = new HashMap<>();
            for (String word : words(passage)) {
                own.merge(word, 1, Integer::sum);
                words++;
            }
            own.keySet().forEach(word -> spread.merge(word, 1, Integer::sum));
            counts.add(own);
        }
        meanLength = passages.isEmpty() ? 1 : Math.max(1.0, (double) words / passages.size());
    }

    private static List<String> words(String text) {
        return NO_WORD.splitAsStream(text.toLowerCase(Locale.ROOT))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    /** The best passages that have one of the words at least. */
    List<String> find(String query, int most) {
        List<String> wanted = words(query).stream().distinct().toList();
        double[] scores = new double[passages.size()];
        for (int p = 0; p < scores.length; p++) {
            for (String word : wanted) {
                scores[p] += score(word, counts.get(p));
            }
        }
        return IntStream.range(0, scores.length)
                .boxed()
                .filter(p -> scores[p] > 0)
                .sorted(Comparator.comparingDouble(p -> -scores[p])) // a stable order
                .limit(most)
                .map(passages::get)
                .toList();
    }

    private double score(String word, Map<String, Integer> passage) {
        int times = passage.getOrDefault(word, 0);
        if (times == 0) {
            return 0;
        }
        int having = spread.getOrDefault(word, 0);
        double rare = StrictMath.log(1 + (passages.size() - having + 0.5) / (having + 0.5));
        int length = passage.values().stream().mapToInt(Integer::intValue).sum();
        return rare * times * (K1 + 1) / (times + K1 * (1 - B + B * length / meanLength));
    }
}
