// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.replay;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.config.BufferConfig;
import dev.jacobian.rl.rollout.Buffer;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.store.GroupStore;
import dev.jacobian.rl.run.RunDirectory;
import dev.jacobian.tensor.Rng;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Groups that are learned from more than once. A step asks for a share of its groups and takes the rest from those that it keeps.
 *
 * <p>A step's groups are, in this order: those that were added since the last step, first come first; then others drawn at random from what is
 * kept, none twice in a step, until there are enough. While too few are kept, as many more are asked for as are missing. All of them stay, to be drawn
 * again, until they are older than {@code buffer_max_age} or the oldest of more than {@code buffer_size}. Samples come with the log-probabilities of the weights that drew
 * them, so a ratio is one between the policy that learns and the policy that sampled, however old.
 *
 * <p>What is drawn is a function of the seed, of the number of the step and of what was added. On disk the groups lie in {@value #FILE} beside the
 * checkpoint's description, which has the rest.
 */
public final class ReplayBuffer implements Buffer {
    private static final String FILE = "replay_buffer.groups";
    private static final String DRAWS = "draws";
    private static final String USES = "uses";
    private static final String FRESH = "fresh";

    /** Keeps these random numbers apart from those of problems and samples, which are keyed by the seed itself. */
    private static final long OWN = 0x7265_706C_6179L;

    private final int size;
    private final int maxAge;
    private final int wanted;
    private final long seed;
    private final List<Kept> kept = new ArrayList<>();
    private long draws;
    private Map<String, Double> measures = Map.of();

    /** A group, and how many steps have learned from it; {@code fresh} until the first step could. */
    private static final class Kept {
        private final ScoredGroup group;
        private int uses;
        private boolean fresh;

        private Kept(ScoredGroup group, int uses, boolean fresh) {
            this.group = group;
            this.uses = uses;
            this.fresh = fresh;
        }

        /** Optimizer steps between the oldest weights that chose a token of it and these. */
        private long age(long version) {
            return version
                    - group.group().samples().stream()
                            .map(Trajectory::versions)
                            .filter(versions -> !versions.runs().isEmpty())
                            .mapToLong(versions -> versions.oldest())
                            .min()
                            .orElse(version);
        }
    }

    /**
     * A buffer of a run's own choices.
     *
     * @param groups that a step learns from
     */
    public ReplayBuffer(BufferConfig config, int groups, long seed) {
        this.size = config.size(groups);
        this.maxAge = config.maxAge();
        this.wanted = config.fresh(groups);
        this.seed = seed;
    }

    @Override
    public void add(ScoredGroup group) {
        kept.add(new Kept(group, 0, true));
    }

    /** The share that is sampled for each step, or what is missing if that is more: a step of which little is kept asks once. */
    @Override
    public int wanted(int count, long version) {
        giveUpOld(version);
        return Math.max(Math.min(count, wanted), count - kept.size());
    }

    private void giveUpOld(long version) {
        kept.removeIf(one -> !one.fresh && one.age(version) > maxAge); // what was sampled for this step is its own
    }

    @Override
    public void forget(Predicate<ScoredGroup> outdated) {
        kept.removeIf(one -> !one.fresh && outdated.test(one.group));
    }

    @Override
    public List<ScoredGroup> draw(int count, long version) {
        giveUpOld(version);
        List<Kept> fresh = kept.stream().filter(one -> one.fresh).toList();
        if (fresh.size() < Math.min(count, wanted) || kept.size() < count) {
            return List.of();
        }
        List<Kept> drawn = new ArrayList<>(fresh.subList(0, Math.min(count, fresh.size())));
        List<Kept> others = new ArrayList<>(kept);
        others.removeAll(fresh);
        Rng rng = new Rng(seed ^ OWN, draws++);
        int replayed = count - drawn.size();
        for (int i = 0; i < replayed; i++) {
            drawn.add(others.remove(rng.nextInt(others.size())));
        }
        drawn.forEach(one -> one.uses++);
        kept.forEach(one -> one.fresh = false);
        while (kept.size() > size) {
            kept.removeFirst();
        }
        measure(drawn, replayed, version);
        return drawn.stream().map(one -> one.group).toList();
    }

    private void measure(List<Kept> drawn, int replayed, long version) {
        Map<String, Double> now = new TreeMap<>();
        now.put("buffer/size", (double) kept.size());
        now.put(
                "buffer/age_mean",
                drawn.stream().mapToLong(one -> one.age(version)).average().orElse(0));
        now.put("buffer/age_max", (double)
                drawn.stream().mapToLong(one -> one.age(version)).max().orElse(0));
        now.put("buffer/replayed", replayed / (double) drawn.size());
        now.put(
                "buffer/uses_mean",
                drawn.stream().mapToInt(one -> one.uses).average().orElse(0));
        measures = now;
    }

    @Override
    public Map<String, Double> measures() {
        return measures;
    }

    @Override
    public List<ScoredGroup> held() {
        return kept.stream().map(one -> one.group).toList();
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        GroupStore.write(checkpoint.resolve(FILE), held());
        state.put(DRAWS, draws);
        ArrayNode uses = state.putArray(USES);
        ArrayNode fresh = state.putArray(FRESH);
        kept.forEach(one -> {
            uses.add(one.uses);
            fresh.add(one.fresh);
        });
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        JsonFields fields = JsonFields.of(state, checkpoint.resolve("trainer_state.json") + ", buffer");
        draws = fields.count(DRAWS);
        JsonNode uses = fields.array(USES);
        JsonNode fresh = fields.array(FRESH);
        Path file = checkpoint.resolve(FILE);
        if (!Files.exists(file)) {
            throw RunDirectory.missing(file, "the " + uses.size() + " groups that buffer=replay keeps for later steps");
        }
        List<ScoredGroup> groups = GroupStore.read(file);
        if (groups.size() != uses.size() || groups.size() != fresh.size()) {
            throw new FormatException(
                    fields.where(),
                    FILE + " has " + groups.size() + " groups, but '" + USES + "' and '" + FRESH + "' speak of "
                            + uses.size() + " and " + fresh.size(),
                    RunDirectory.EARLIER);
        }
        kept.clear();
        for (int i = 0; i < groups.size(); i++) {
            if (!uses.get(i).isInt()
                    || uses.get(i).intValue() < 0
                    || !fresh.get(i).isBoolean()) {
                throw new FormatException(
                        fields.where(),
                        "'" + USES + "' or '" + FRESH + "' is broken at place " + i,
                        RunDirectory.EARLIER);
            }
            kept.add(
                    new Kept(groups.get(i), uses.get(i).intValue(), fresh.get(i).booleanValue()));
        }
    }
}
