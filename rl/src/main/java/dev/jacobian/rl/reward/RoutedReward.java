// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Another reward for each kind of row: what a column of the row says ({@code data_source}, {@code task_type}) names the reward that judges it.
 *
 * @param column the column that names the kind
 * @param routes which reward judges which kind
 * @param otherwise judges all other kinds; a row of another kind is refused without it
 */
public record RoutedReward(String column, Map<String, RewardFunction> routes, Optional<RewardFunction> otherwise)
        implements ExplainedReward {
    /** Copies the map. */
    public RoutedReward {
        routes = Map.copyOf(routes);
    }

    @Override
    public String name() {
        return "route";
    }

    @Override
    public boolean needsTokens() {
        return routes.values().stream().anyMatch(Reward::needsTokens)
                || otherwise.filter(Reward::needsTokens).isPresent();
    }

    @Override
    public Optional<String> waitsFor() {
        String all = Stream.concat(routes.values().stream(), otherwise.stream())
                .flatMap(reward -> reward.waitsFor().stream())
                .distinct()
                .collect(Collectors.joining(", or "));
        return Optional.of(all).filter(text -> !text.isEmpty());
    }

    @Override
    public boolean repeatable() {
        return routes.values().stream().allMatch(Reward::repeatable)
                && otherwise.map(Reward::repeatable).orElse(true);
    }

    /** As the most demanding of the routes: in this thread if one computes with the engine, on few threads if one computes. */
    @Override
    public Running running() {
        List<Running> all = Stream.concat(routes.values().stream(), otherwise.stream())
                .map(Reward::running)
                .toList();
        return all.contains(Running.HERE)
                ? Running.HERE
                : all.contains(Running.COMPUTES) ? Running.COMPUTES : Running.WAITS;
    }

    @Override
    public Explanation explain(Completion completion) {
        RewardFunction chosen = route(completion.columns());
        return chosen instanceof ExplainedReward explained
                ? explained.explain(completion)
                : Explanation.of(chosen.score(completion), Optional.empty());
    }

    /** The row must be of a kind that there is a reward for, and have what that one reads. */
    @Override
    public void requireUsable(Columns columns) {
        route(columns).requireUsable(columns);
    }

    private RewardFunction route(Columns columns) {
        String kind = columns.string(column);
        return Optional.ofNullable(routes.get(kind))
                .or(() -> otherwise)
                .orElseThrow(() -> new IllegalArgumentException("column '" + column + "' is '" + kind
                        + "', for which there is no reward; there is one for "
                        + String.join(", ", new TreeMap<>(routes).keySet())));
    }
}
