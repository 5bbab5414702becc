// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.store.GroupStore;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.rl.run.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Batches that were made ahead, in a checkpoint: they are learned from after it, and were sampled with weights that are gone by then.
 *
 * <p>Decision: all of a run's checkpoint is as it is when these are made. A resumed run samples nothing twice and needs no older weights.
 */
final class QueuedBatches implements Checkpointed {
    static final String NAME = "batches_ahead";

    private static final String FILE = "batches_ahead.groups";

    private List<Batch> batches = List.of();

    /** What is written next. */
    void set(List<Batch> made) {
        batches = List.copyOf(made);
    }

    /** What was read. */
    List<Batch> batches() {
        return batches;
    }

    /**
     * What was read, which must be the batches that a run makes ahead.
     *
     * @param first the number of the first
     * @param least how many there must be
     * @param most how many there may be
     * @throws FormatException if there are others
     */
    List<Batch> require(int first, int least, int most, Path folder) {
        List<Integer> numbers = batches.stream().map(Batch::number).toList();
        List<Integer> expected =
                IntStream.range(first, first + numbers.size()).boxed().toList();
        if (numbers.size() < least || numbers.size() > most || !numbers.equals(expected)) {
            throw new FormatException(
                    "trainer_state.json of the last checkpoint in " + folder,
                    "the batches made ahead are " + numbers + ", not the " + (least == most ? most : "up to " + most)
                            + " from " + first + " on",
                    RunDirectory.EARLIER);
        }
        return batches;
    }

    /** Groups by their place in the file. */
    private static final class Places {
        final Map<ScoredGroup, Integer> known = new IdentityHashMap<>();
        final List<ScoredGroup> all = new ArrayList<>();

        void put(ArrayNode places, List<ScoredGroup> groups) {
            for (ScoredGroup group : groups) {
                places.add(known.computeIfAbsent(group, added -> {
                    all.add(added);
                    return all.size() - 1;
                }));
            }
        }
    }

    @Override
    public void save(Path checkpoint, ObjectNode description) {
        if (batches.isEmpty()) {
            return;
        }
        Places places = new Places();
        ArrayNode list = description.putArray(NAME);
        for (Batch batch : batches) {
            ObjectNode json = list.addObject();
            json.put("number", batch.number());
            json.put("weights", batch.weights());
            places.put(json.putArray("sampled"), batch.sampled());
            places.put(json.putArray("admitted"), batch.admitted());
            ObjectNode measures = json.putObject("measures");
            batch.measures().forEach((name, value) -> {
                if (Double.isFinite(value)) { // as metrics.jsonl has them
                    measures.put(name, value);
                }
            });
            json.put("left_out", batch.rewards().borne());
            ObjectNode troubles = json.putObject("troubles");
            batch.rewards()
                    .troubles()
                    .forEach((reward, trouble) -> troubles.putObject(reward)
                            .put("failed", trouble.failed())
                            .put("timed_out", trouble.timedOut()));
        }
        GroupStore.write(checkpoint.resolve(FILE), places.all);
    }

    @Override
    public void restore(Path checkpoint, JsonNode description) {
        batches = List.of();
        if (!description.has(NAME)) {
            return;
        }
        JsonFields fields = JsonFields.of(
                description, checkpoint.resolve("trainer_state.json").toString());
        Path file = checkpoint.resolve(FILE);
        if (!Files.exists(file)) {
            throw RunDirectory.missing(file, "the rollouts that were made ahead (max_staleness)");
        }
        List<ScoredGroup> groups = GroupStore.read(file);
        List<Batch> read = new ArrayList<>();
        for (JsonFields one : fields.objects(NAME)) {
            read.add(new Batch(
                    one.integer("number"),
                    one.integer("weights"),
                    at(one, "sampled", groups),
                    at(one, "admitted", groups),
                    measures(one.object("measures")),
                    tally(one),
                    List.of()));
            one.finish();
        }
        batches = List.copyOf(read);
    }

    private static List<ScoredGroup> at(JsonFields fields, String key, List<ScoredGroup> groups) {
        List<ScoredGroup> chosen = new ArrayList<>();
        for (JsonNode place : fields.array(key)) {
            if (!place.isInt() || place.intValue() < 0 || place.intValue() >= groups.size()) {
                throw new FormatException(
                        fields.where(),
                        "'" + key + "' names group " + place + " of " + groups.size() + " in " + FILE,
                        RunDirectory.EARLIER);
            }
            chosen.add(groups.get(place.intValue()));
        }
        return chosen;
    }

    private static Map<String, Double> measures(JsonFields fields) {
        Map<String, Double> measures = new LinkedHashMap<>();
        fields.node().fieldNames().forEachRemaining(name -> measures.put(name, fields.number(name)));
        fields.finish();
        return measures;
    }

    private static RewardRun.Tally tally(JsonFields fields) {
        Map<String, RewardRun.Trouble> troubles = new LinkedHashMap<>();
        JsonFields byReward = fields.object("troubles");
        byReward.node().fieldNames().forEachRemaining(reward -> {
            JsonFields counts = byReward.object(reward);
            troubles.put(reward, new RewardRun.Trouble(counts.integer("failed"), counts.integer("timed_out")));
            counts.finish();
        });
        return new RewardRun.Tally(troubles, fields.integer("left_out"));
    }
}
