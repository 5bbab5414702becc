// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.stream.IntStream;

/**
 * Rollouts that somebody else sampled, in the order of their file: what is asked next, what it is answered with, and what that
 * earned.
 *
 * <pre>{@code
 * RecordedRollouts recorded = RecordedRollouts.read(
 *         file, Optional.empty(), model, config.rollout(), config.plan(), config.maxSteps());
 * new RlTrainer(model, recorded.task(), config).recorded(recorded).train();
 * }</pre>
 */
public final class RecordedRollouts implements Rollouts, Curriculum {
    private static final String NEXT = "next";

    private final List<List<RecordedSample>> samples;
    private final List<Group> groups = new ArrayList<>();
    private final CompletionText texts;
    private final RecordedTask task;
    private final boolean reported;
    private final Queue<RolloutTask> asked = new ArrayDeque<>();
    private int next;

    private RecordedRollouts(String name, List<List<RecordedSample>> samples, CausalLM model) {
        this.samples = samples;
        this.texts = new CompletionText(model);
        this.reported = samples.getFirst().getFirst().logProbs().length > 0;
        for (List<RecordedSample> group : samples) {
            RecordedSample first = group.getFirst();
            String id = first.row().map(row -> "row " + row).orElse("line " + first.line());
            String prompt = first.text().orElseGet(() -> model.tokenizer().decode(first.prompt(), false));
            groups.add(new Group(
                    new Problem(id, prompt, Map.of()),
                    groups.size(),
                    first.prompt().length,
                    group.stream().map(RecordedSample::trajectory).toList()));
        }
        this.task = new RecordedTask(name, groups);
    }

    /**
     * Reads a file and checks all of it.
     *
     * @param file JSON lines, a sample each
     * @param data the rows that the samples were drawn for, whose number is all that is asked of them
     * @param maxSteps steps of the run, for which there must be enough
     * @throws FormatException naming file and line: for a sample that cannot be learned from, or a file that ends before the run
     */
    public static RecordedRollouts read(
            Path file, Optional<Rows> data, CausalLM model, RolloutConfig config, StepPlan plan, int maxSteps) {
        List<List<RecordedSample>> groups = RolloutFile.read(
                file,
                model,
                config.numGenerations(),
                config.maxCompletionLength(),
                data.map(rows -> OptionalInt.of(rows.count())).orElse(OptionalInt.empty()));
        int needed = plan.groups(maxSteps);
        if (groups.size() < needed) {
            throw new FormatException(
                    file.toString(),
                    "the file has " + groups.size() + " groups of samples, and max_steps=" + maxSteps + " needs "
                            + needed,
                    "Lower max_steps to " + plan.steps(groups.size()) + " at most, or record more");
        }
        return new RecordedRollouts(String.valueOf(file.getFileName()), groups, model);
    }

    /** The task that the samples stand for. */
    public Task task() {
        return task;
    }

    /** Groups of the file. */
    public int size() {
        return groups.size();
    }

    /** What the samples earned when they were recorded. */
    public List<ScoredGroup> score(List<Group> batch) {
        return batch.stream().map(this::scored).toList();
    }

    private ScoredGroup scored(Group group) {
        List<RecordedSample> own = samples.get((int) group.key());
        Map<String, double[]> parts = new LinkedHashMap<>();
        own.getFirst()
                .rewards()
                .keySet()
                .forEach(name -> parts.put(
                        name,
                        own.stream().mapToDouble(one -> one.rewards().get(name)).toArray()));
        double[] totals = new double[own.size()];
        boolean[] counts = new boolean[own.size()];
        for (int i = 0; i < totals.length; i++) {
            int sample = i;
            double[] given = parts.values().stream()
                    .mapToDouble(part -> part[sample])
                    .filter(reward -> !Double.isNaN(reward))
                    .toArray();
            totals[i] = given.length == 0 ? Double.NaN : Arrays.stream(given).sum();
            counts[i] = true; // as in TRL a sample without reward has an advantage of 0, and its tokens count
        }
        return new ScoredGroup(
                group,
                IntStream.range(0, own.size())
                        .mapToObj(i -> texts.of(group.completion(i)))
                        .toList(),
                totals,
                counts,
                new boolean[own.size()],
                Optional.empty(),
                parts);
    }

    // As what is asked

    @Override
    public List<Draw> next(int count) {
        List<Draw> draws = IntStream.range(next, next + count)
                .mapToObj(i -> new Draw(groups.get(i).problem(), i))
                .toList();
        next += count;
        return draws;
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        state.put(NEXT, next);
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        next = Math.toIntExact(JsonFields.of(state, checkpoint.resolve("trainer_state.json") + ", curriculum")
                .count(NEXT));
    }

    // As who answers

    /** Nothing to do: what was sampled was sampled. */
    @Override
    public void publish(CausalLM policy, long version) {}

    @Override
    public void ask(RolloutTask request) {
        asked.add(request);
    }

    @Override
    public List<Group> next() {
        RolloutTask request = asked.remove();
        return request.requests().stream()
                .map(one -> groups.get((int) one.key()))
                .toList();
    }

    @Override
    public LogProbs logProbs() {
        return reported ? LogProbs.REPORTED : LogProbs.UNKNOWN;
    }
}
