// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.partial;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.config.PartialConfig;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.store.GroupStore;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.rl.run.RunDirectory;
import dev.jacobian.transformer.generation.FinishReason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/**
 * The groups that are being sampled: partial rollouts as Kimi k1.5 has them (report 2.6.2).
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Sampling goes in <b>waves</b>: all samples that wait, in the order of their draws, and as many new groups as there is room for,
 *       each with at most {@code rollout_token_budget} tokens. So the longest sample of a wave holds the others up by that much at most.
 *   <li>A group is handed out when all its members have ended, and never before: what is compared within it is whole. Of several the
 *       one that was drawn first comes first; what a step has no use for waits here for the next, and counts as under way,
 *       so that nothing grows old in large numbers.
 *   <li>Without a budget a wave samples everything to its end, and none of this can be noticed.
 *   <li>Keys and values are forgotten at a pause. Those of older weights would make the log-probabilities of what follows those of no
 *       weights at all, and the ratio of tokens that were chosen just now would not be 1. A sample that goes on is computed again up to its
 *       last token, by the weights that go on with it, in one pass; {@code rollout/recomputed_tokens} says how much that is.
 *   <li>It is a function of its draws and of the weights, so what it holds between two rollouts goes into the checkpoint as it is.
 * </ul>
 */
public final class GroupsUnderWay implements Checkpointed {
    /** The file in a checkpoint that has the groups. */
    public static final String FILE = "groups_under_way.bin";

    private static final String COUNT = "groups";
    private static final String ROLLOUTS = "rollouts";
    private static final String LAST = "last_rollouts";

    private final int inflight;
    private final int budget;
    private final int samples;
    private final OptionalInt mostRollouts;
    private final List<Begun> begun = new ArrayList<>(); // in the order of their draws
    private RolloutCounts counts = RolloutCounts.NONE;

    /**
     * A group that is being sampled, or waits to be handed out. Versions would not say how often it was gone on with: with
     * {@code max_staleness} several rollouts have the same weights.
     *
     * @param rollouts in which it was sampled
     * @param last the number of the last of them
     */
    private record Begun(Group group, int rollouts, int last) {
        boolean isPaused() {
            return group.isPaused();
        }

        Begun sampled(Group now, int rollout) {
            return new Begun(now, rollout == last ? rollouts : rollouts + 1, rollout);
        }

        /** The same, of which no sample goes on. */
        Begun abandoned() {
            List<Trajectory> ended = group.samples().stream()
                    .map(sample -> sample.finish() == FinishReason.PAUSED ? sample.abandoned() : sample)
                    .toList();
            return new Begun(new Group(group.problem(), group.key(), group.promptLength(), ended), rollouts, last);
        }
    }

    /** What waits to be gone on with or handed out. */
    public List<Group> held() {
        return begun.stream().map(Begun::group).toList();
    }

    /** Draws a wave: a group for each request, paused where a sample has had its tokens and not ended. */
    @FunctionalInterface
    public interface Wave {
        /**
         * Samples.
         *
         * @param pauseAfter tokens that each sample gets
         */
        List<Group> sample(List<RolloutTask.Request> requests, int pauseAfter);
    }

    /**
     * Nothing is under way yet.
     *
     * @param rollout groups of a rollout
     * @param samples of a group
     */
    public GroupsUnderWay(PartialConfig config, int rollout, int samples) {
        this.inflight = config.inflight(rollout);
        this.budget = config.rolloutTokenBudget().orElse(RolloutTask.NEVER);
        this.samples = samples;
        this.mostRollouts = config.maxRolloutIterations();
    }

    /**
     * The next groups that are whole.
     *
     * @param count how many
     * @param rollout the number of the rollout that they are asked for
     * @param draws names so many further problems
     * @param wave samples
     */
    public List<Group> next(int count, int rollout, IntFunction<List<Curriculum.Draw>> draws, Wave wave) {
        abandon(rollout);
        while (whole() < count) {
            sample(count, rollout, draws, wave);
        }
        List<Group> ended = new ArrayList<>();
        for (int g = 0; ended.size() < count; ) {
            if (begun.get(g).isPaused()) {
                g++;
            } else {
                ended.add(begun.remove(g).group);
            }
        }
        return ended;
    }

    private long whole() {
        return begun.stream().filter(one -> !one.isPaused()).count();
    }

    private void sample(int count, int rollout, IntFunction<List<Curriculum.Draw>> draws, Wave wave) {
        List<Integer> places = new ArrayList<>();
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (int g = 0; g < begun.size(); g++) {
            if (begun.get(g).isPaused()) {
                places.add(g);
                requests.add(RolloutTask.Request.continuing(begun.get(g).group));
            }
        }
        int together = budget == RolloutTask.NEVER ? count : Math.max(inflight, count);
        int room = together - begun.size();
        if (room > 0) {
            draws.apply(room)
                    .forEach(draw -> requests.add(new RolloutTask.Request(draw.problem(), draw.key(), samples)));
        }
        List<Group> sampled = wave.sample(requests, budget);
        counts = counts.plus(RolloutCounts.of(
                requests, sampled, g -> g < places.size() && begun.get(places.get(g)).last != rollout));
        for (int g = 0; g < sampled.size(); g++) {
            if (g < places.size()) {
                int place = places.get(g);
                begun.set(place, begun.get(place).sampled(sampled.get(g), rollout));
            } else {
                begun.add(new Begun(sampled.get(g), 1, rollout));
            }
        }
    }

    /** Ends what would be written in more rollouts than may. */
    private void abandon(int rollout) {
        if (mostRollouts.isPresent()) {
            begun.replaceAll(
                    one -> one.rollouts >= mostRollouts.getAsInt() && one.last != rollout ? one.abandoned() : one);
        }
    }

    /** Samples that wait to go on. */
    public int paused() {
        return (int) begun.stream()
                .flatMap(one -> one.group.samples().stream())
                .filter(sample -> sample.finish() == FinishReason.PAUSED)
                .count();
    }

    /** What was counted since the last call. */
    public RolloutCounts counted() {
        RolloutCounts all = counts.withPaused(paused());
        counts = RolloutCounts.NONE;
        return all;
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        state.put(COUNT, begun.size());
        if (!begun.isEmpty()) {
            GroupStore.writeGroups(
                    checkpoint.resolve(FILE),
                    begun.stream().map(one -> one.group).toList());
            ArrayNode rollouts = state.putArray(ROLLOUTS);
            ArrayNode last = state.putArray(LAST);
            begun.forEach(one -> {
                rollouts.add(one.rollouts);
                last.add(one.last);
            });
        }
    }

    /**
     * Goes on from a checkpoint; in one of a run whose samples never waited there is nothing.
     *
     * @throws FormatException if the file is damaged, or of other groups than these
     */
    @Override
    public void restore(Path checkpoint, JsonNode state) {
        begun.clear();
        if (state.isMissingNode()) {
            return; // a checkpoint from when no sample could wait
        }
        JsonFields fields = JsonFields.of(state, checkpoint.resolve("trainer_state.json") + ", under_way");
        int count = fields.integer(COUNT);
        if (count == 0) {
            return;
        }
        Path file = checkpoint.resolve(FILE);
        if (!Files.exists(file)) {
            throw RunDirectory.missing(file, "the " + count + " groups that were under way (rollout_token_budget)");
        }
        List<Group> groups = GroupStore.readGroups(file);
        if (groups.size() != count || groups.stream().anyMatch(group -> group.size() != samples)) {
            throw new FormatException(
                    file.toString(),
                    "it holds " + groups.size() + " groups where " + count + " of " + samples
                            + " samples were under way",
                    RunDirectory.EARLIER);
        }
        int[] rollouts = numbers(fields, ROLLOUTS, count);
        int[] last = numbers(fields, LAST, count);
        for (int g = 0; g < count; g++) {
            begun.add(new Begun(groups.get(g), rollouts[g], last[g]));
        }
    }

    private static int[] numbers(JsonFields state, String key, int count) {
        int[] numbers = new int[count];
        JsonNode array = state.array(key);
        for (int g = 0; g < count; g++) {
            numbers[g] = array.path(g).asInt();
            if (array.size() != count || !array.path(g).isInt() || numbers[g] < 1) {
                throw new FormatException(
                        state.where(),
                        "'" + key + "' must hold a number from 1 on for each of the " + count + " groups",
                        RunDirectory.EARLIER);
            }
        }
        return numbers;
    }
}
