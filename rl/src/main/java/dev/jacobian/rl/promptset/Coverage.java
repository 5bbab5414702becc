// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Balances a set by tag: of {@code count} rows each tag gets the same share, and what a small tag cannot fill the others share. Which
 * rows of a tag are taken is drawn by the seed.
 *
 * @param tag the column of the tag: a subject, a source, a pass rate; a row without one has the tag {@code none}
 * @param count rows to keep
 * @param seed draws them
 */
public record Coverage(String tag, int count, long seed) implements PromptTool {
    private static final String NONE = "none";
    private static final String TAG = "tag";
    private static final String ROWS = "tag_rows";

    /** Checks the count. */
    public Coverage {
        if (count < 1) {
            throw new IllegalArgumentException("at least one row must be kept, found " + count);
        }
    }

    @Override
    public String measure() {
        return "rows by " + tag;
    }

    @Override
    public List<String> bins() {
        return List.of();
    }

    @Override
    public List<Finding> find(Rows data) {
        List<String> tags = new ArrayList<>();
        Map<String, String> distinct = new HashMap<>();
        boolean[] any = new boolean[1];
        data.forEach(row -> {
            JsonNode value = row.json().path(tag);
            any[0] |= !value.isMissingNode();
            String own = text(value);
            tags.add(distinct.computeIfAbsent(own, name -> own)); // a text for each tag, not for each row
        });
        if (!any[0] && !tags.isEmpty()) {
            throw new FormatException(
                    data.path().toString(), "no row has the column '" + tag + "'", "Name the column of the tag");
        }
        Map<String, List<Integer>> places = new TreeMap<>();
        for (int i = 0; i < tags.size(); i++) {
            places.computeIfAbsent(tags.get(i), name -> new ArrayList<>()).add(i);
        }
        Set<Integer> kept = new HashSet<>();
        shares(places).forEach((name, share) -> kept.addAll(drawn(of(places, name), share)));
        return ListView.of(
                tags.size(),
                i -> new Finding(
                        kept.contains(i),
                        tags.get(i),
                        columns(tags.get(i), of(places, tags.get(i)).size())));
    }

    private Map<String, JsonNode> columns(String value, int rows) {
        Map<String, JsonNode> columns = new HashMap<>(Map.of(ROWS, IntNode.valueOf(rows)));
        if (!tag.equals(TAG)) { // which the row has itself
            columns.put(TAG, TextNode.valueOf(value));
        }
        return columns;
    }

    private static List<Integer> of(Map<String, List<Integer>> places, String tag) {
        return places.getOrDefault(tag, List.of());
    }

    private static String text(JsonNode value) {
        String text = value.isContainerNode() ? value.toString() : value.asText();
        return value.isMissingNode() || value.isNull() || text.isBlank() ? NONE : text;
    }

    /** How many rows of each tag are kept: the smallest first, each at most its share of what is left. */
    private Map<String, Integer> shares(Map<String, List<Integer>> places) {
        List<String> bySize = places.keySet().stream()
                .sorted(Comparator.comparing((String name) -> of(places, name).size())
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
        Map<String, Integer> shares = new HashMap<>();
        int left = count;
        for (int i = 0; i < bySize.size(); i++) {
            int share = Math.min(of(places, bySize.get(i)).size(), Math.ceilDiv(left, bySize.size() - i));
            shares.put(bySize.get(i), share);
            left -= share;
        }
        return shares;
    }

    /** Some of a tag's rows, each with the same probability; a longer share has the rows of a shorter one too. */
    private Collection<Integer> drawn(List<Integer> places, int share) {
        return places.stream()
                .sorted(Comparator.comparing((Integer place) -> new Rng(seed, place).nextLong())
                        .thenComparing(Comparator.naturalOrder()))
                .limit(share)
                .toList();
    }
}
