// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.rl.selection.SampledProblem.Answer;
import dev.jacobian.rl.task.Problem;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.LongSummaryStatistics;

/**
 * A file of data that was chosen from a model's completions, and what was seen on the way.
 *
 * @param problems that were asked
 * @param rows that the file has
 * @param solved problems that at least one completion solves
 * @param passAt1 share of right completions
 * @param meanTokens of all completions
 * @param correctTokens mean over problems of the mean of the right ones that ended by themselves; NaN without any
 * @param shortestTokens mean over the same problems of the shortest of these
 */
public record SelectedData(
        int problems,
        int rows,
        int solved,
        double passAt1,
        double meanTokens,
        double correctTokens,
        double shortestTokens) {
    /**
     * Samples, chooses and writes; the file appears when it is whole.
     *
     * @throws IllegalStateException if nothing was chosen, which would leave nothing to learn from; no file is then written
     */
    public static SelectedData write(AnswerSampler sampler, List<Problem> problems, Selection selection, Path file) {
        Counts counts = new Counts();
        AtomicFiles.write(file, channel -> {
            // Not closed: the channel is not ours.
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
            sampler.sample(problems, problem -> {
                counts.add(problem);
                for (ObjectNode row : selection.rows(problem)) {
                    counts.rows++;
                    write(row, out);
                }
            });
            if (counts.rows == 0) {
                throw new IllegalStateException("no row comes of " + problems.size() + " problems with "
                        + sampler.samples() + " completions each, of which " + counts.correct
                        + " were right and " + counts.ended
                        + " ended by themselves; take more problems or completions, a larger --max-new-tokens, or a"
                        + " model that solves some");
            }
            out.flush();
        });
        return counts.summary(problems.size());
    }

    /** What is seen of problems that are sampled already; of no rows. */
    public static SelectedData of(List<SampledProblem> sampled) {
        Counts counts = new Counts();
        sampled.forEach(counts::add);
        return counts.summary(sampled.size());
    }

    private static void write(ObjectNode row, OutputStream out) {
        try {
            out.write((Json.compact(row) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the data: " + e.getMessage(), e);
        }
    }

    /** All numbers by name. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("problems", problems);
        json.put("rows", rows);
        json.put("solved", solved);
        json.put("pass@1", passAt1);
        json.put("mean_tokens", meanTokens);
        put(json, "mean_tokens_correct", correctTokens);
        put(json, "mean_tokens_shortest", shortestTokens);
        return json;
    }

    private static void put(ObjectNode json, String name, double value) {
        if (Double.isNaN(value)) {
            json.putNull(name);
        } else {
            json.put(name, value);
        }
    }

    /** What is counted while problems come. */
    private static final class Counts {
        private int rows;
        private int ended;
        private final LongSummaryStatistics all = new LongSummaryStatistics();
        private final DoubleSummaryStatistics good = new DoubleSummaryStatistics();
        private final DoubleSummaryStatistics shortest = new DoubleSummaryStatistics();
        private int correct;
        private int solved;

        void add(SampledProblem problem) {
            for (Answer answer : problem.answers()) {
                all.accept(answer.tokens());
                ended += answer.ended() ? 1 : 0;
            }
            correct += problem.correct();
            solved += problem.correct() > 0 ? 1 : 0;
            problem.answers().stream()
                    .filter(Answer::isGood)
                    .mapToInt(Answer::tokens)
                    .average()
                    .ifPresent(good::accept);
            problem.shortestCorrect().ifPresent(answer -> shortest.accept(answer.tokens()));
        }

        SelectedData summary(int problems) {
            return new SelectedData(
                    problems,
                    rows,
                    solved,
                    (double) correct / Math.max(1, all.getCount()),
                    all.getAverage(),
                    mean(good),
                    mean(shortest));
        }

        private static double mean(DoubleSummaryStatistics of) {
            return of.getCount() == 0 ? Double.NaN : of.getAverage();
        }
    }
}
