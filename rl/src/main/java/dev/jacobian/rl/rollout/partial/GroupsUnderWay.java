// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.partial;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.config.PartialConfig;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.WeightVersions;
import dev.jacobian.rl.rollout.store.GroupStore;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.rl.run.RunDirectory;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.generation.FinishReason;
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

    private final Task task;
    private final int inflight;
    private final int budget;
    private final int samples;
    private final OptionalInt mostVersions;
    private final List<Group> groups = new ArrayList<>(); // in the order of their draws
    private RolloutCounts counts = RolloutCounts.NONE;

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
     * @param task whose problems are sampled
     * @param rollout groups of a rollout
     * @param samples of a group
     */
    public GroupsUnderWay(Task task, PartialConfig config, int rollout, int samples) {
        this.task = task;
        this.inflight = config.inflight(rollout);
        this.budget = config.rolloutTokenBudget().orElse(RolloutTask.NEVER);
        this.samples = samples;
        this.mostVersions = config.maxRolloutIterations();
    }

    /**
     * The next groups that are whole.
     *
     * @param count how many
     * @param version of the weights that sample now
     * @param draws names so many further problems
     * @param wave samples
     */
    public List<Group> next(int count, long version, IntFunction<List<Curriculum.Draw>> draws, Wave wave) {
        abandon(version);
        while (whole() < count) {
            sample(count, version, draws, wave);
        }
        List<Group> ended = new ArrayList<>();
        for (int g = 0; ended.size() < count; ) {
            if (groups.get(g).isPaused()) {
                g++;
            } else {
                ended.add(groups.remove(g));
            }
        }
        return ended;
    }

    private long whole() {
        return groups.stream().filter(group -> !group.isPaused()).count();
    }

    private void sample(int count, long version, IntFunction<List<Curriculum.Draw>> draws, Wave wave) {
        List<Integer> places = new ArrayList<>();
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            if (groups.get(g).isPaused()) {
                places.add(g);
                requests.add(RolloutTask.Request.continuing(groups.get(g)));
            }
        }
        int together = budget == RolloutTask.NEVER ? count : Math.max(inflight, count);
        int room = together - groups.size();
        if (room > 0) {
            draws.apply(room)
                    .forEach(draw -> requests.add(new RolloutTask.Request(draw.problem(), draw.key(), samples)));
        }
        List<Group> sampled = wave.sample(requests, budget);
        counts = counts.plus(RolloutCounts.of(requests, sampled, version));
        for (int g = 0; g < sampled.size(); g++) {
            if (g < places.size()) {
                groups.set(places.get(g), sampled.get(g));
            } else {
                groups.add(sampled.get(g));
            }
        }
    }

    /** Ends what would be written by more weights than may. */
    private void abandon(long version) {
        if (mostVersions.isPresent()) {
            groups.replaceAll(group -> new Group(
                    group.problem(),
                    group.key(),
                    group.promptLength(),
                    group.samples().stream()
                            .map(sample -> isTooOld(sample, version) ? sample.abandoned() : sample)
                            .toList()));
        }
    }

    private boolean isTooOld(Trajectory sample, long version) {
        List<WeightVersions.Run> runs = sample.versions().runs();
        return sample.finish() == FinishReason.PAUSED
                && runs.size() >= mostVersions.getAsInt()
                && runs.getLast().version() != version;
    }

    /** Samples that wait to go on. */
    public int paused() {
        return (int) groups.stream()
                .flatMap(group -> group.samples().stream())
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
        state.put(COUNT, groups.size());
        if (!groups.isEmpty()) {
            GroupStore.writeGroups(checkpoint.resolve(FILE), groups);
        }
    }

    /**
     * Goes on from a checkpoint; in one of a run whose samples never waited there is nothing.
     *
     * @throws FormatException if the file is damaged, or of other groups than these
     */
    @Override
    public void restore(Path checkpoint, JsonNode state) {
        groups.clear();
        if (state.isMissingNode()) {
            return; // a checkpoint from when no sample could wait
        }
        int count = JsonFields.of(state, checkpoint.resolve("trainer_state.json") + ", under_way")
                .integer(COUNT);
        if (count == 0) {
            return;
        }
        Path file = checkpoint.resolve(FILE);
        groups.addAll(GroupStore.readGroups(file, task));
        if (groups.size() != count || groups.stream().anyMatch(group -> group.size() != samples)) {
            throw new FormatException(
                    file.toString(),
                    "it holds " + groups.size() + " groups where " + count + " of " + samples
                            + " samples were under way",
                    RunDirectory.EARLIER);
        }
    }
}
