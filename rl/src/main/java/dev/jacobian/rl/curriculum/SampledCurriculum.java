// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Problems of a pool as a {@link Sampler} chooses them. A draw's key is its number, so no two are equal, also of a problem that comes again.
 *
 * <p>What it remembers, and a checkpoint has: how many were drawn, and the success rates.
 *
 * <p>Threads: a sampler that goes by numbers alone is asked while another thread shows groups, so {@link #next} touches nothing but the number of
 * the next draw, and metrics are of the groups that came back and not of the problems that went out.
 */
final class SampledCurriculum implements Curriculum {
    private static final String NEXT = "next";

    private final ProblemPool pool;
    private final Sampler sampler;
    private final SuccessRates rates;
    private final Optional<double[]> difficulties;
    private final Optional<List<String>> tags;
    private long next;
    private final List<Integer> seen = new ArrayList<>(); // places of groups since the last metrics

    /**
     * @param difficulties of the pool's problems, if a column says them
     * @param tags of the pool's problems, if a column says them
     */
    SampledCurriculum(
            ProblemPool pool,
            Sampler sampler,
            SuccessRates rates,
            Optional<double[]> difficulties,
            Optional<List<String>> tags) {
        this.pool = pool;
        this.sampler = sampler;
        this.rates = rates;
        this.difficulties = difficulties;
        this.tags = tags;
    }

    @Override
    public List<Draw> next(int count) {
        List<Draw> draws = new ArrayList<>();
        for (int place : sampler.draw(next, count, rates)) {
            draws.add(new Draw(pool.at(place), next++));
        }
        return draws;
    }

    @Override
    public void observe(ScoredGroup group) {
        pool.place(group.group().problem()).ifPresent(place -> {
            seen.add(place);
            rates.observe(place, group);
        });
    }

    @Override
    public boolean foresees() {
        return !sampler.goesByRates();
    }

    @Override
    public Map<String, Double> measures() {
        Map<String, Double> measures = new TreeMap<>();
        measures.put("curriculum/success_rate", rates.mean());
        measures.put("curriculum/seen", rates.coverage());
        double count = seen.size();
        if (!seen.isEmpty()) {
            measures.put(
                    "curriculum/difficulty",
                    seen.stream()
                                    .mapToDouble(place ->
                                            difficulties.map(all -> all[place]).orElseGet(() -> 1 - rates.of(place)))
                                    .sum()
                            / count);
            tags.ifPresent(all -> seen.forEach(
                    place -> measures.merge("curriculum/share/" + all.get(place), 1 / count, Double::sum)));
        }
        seen.clear();
        return measures;
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        state.put(NEXT, next);
        rates.save(state);
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        JsonFields fields = JsonFields.of(state, checkpoint.resolve("trainer_state.json") + ", curriculum");
        next = fields.count(NEXT);
        rates.restore(fields);
    }
}
