// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.io.spill.SpillingList;
import dev.jacobian.rl.config.MixtureConfig;
import dev.jacobian.rl.sft.ExampleTokens;
import dev.jacobian.rl.sft.ExampleTokens.Encoded;
import dev.jacobian.rl.sft.LongestFirst;
import dev.jacobian.rl.sft.Permutation;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.sft.SftRows;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * The likelihood of demonstrations in every optimizer step of a run that learns from rewards: c · −1/N Σ_t log π(y_t), N tokens of the step's
 * demonstrations that are learned.
 *
 * <p>Decisions: which demonstrations a step has is a function of the seed and of the number of the step, a new order for every pass, so a
 * resumed run needs no place in the data. All rows are read and encoded before the first step. Log-probabilities are at temperature 1,
 * whatever samples are drawn at: demonstrations are not the policy's.
 */
public final class PtxLoss {
    private final CausalLM model;
    private final MixtureConfig mixture;
    private final long seed;
    private final List<Encoded> rows;
    private final int[] longest; // places of as many as a step has

    private PtxLoss(CausalLM model, MixtureConfig mixture, long seed, List<Encoded> rows) {
        this.model = model;
        this.mixture = mixture;
        this.seed = seed;
        this.rows = rows;
        int[] lengths = rows.stream().mapToInt(row -> row.tokens().length).toArray();
        this.longest = Arrays.copyOf(LongestFirst.order(lengths), Math.min(mixture.ptxBatchSize(), lengths.length));
    }

    /**
     * The term of a run; empty if there is none.
     *
     * @throws FormatException if there is no such file, or with file and row if one of them cannot be learned from
     */
    public static Optional<PtxLoss> of(CausalLM model, MixtureConfig mixture, long seed) {
        if (mixture.ptxCoef() == 0) {
            return Optional.empty();
        }
        Path file = Path.of(mixture.ptxData());
        if (!Files.isRegularFile(file)) {
            throw new FormatException(
                    "ptx_data", "there is no file " + file.toAbsolutePath(), "Name a JSONL file of demonstrations");
        }
        SftRows data = SftDataset.jsonl(file);
        ExampleTokens tokens = new ExampleTokens(model, false, Optional.empty());
        List<Encoded> rows = new SpillingList<>(Encoded.CODEC, Spill.usual());
        for (SftExample example : data.allExamples()) {
            rows.add(encoded(example, data, tokens, model));
        }
        return Optional.of(new PtxLoss(model, mixture, seed, rows));
    }

    private static Encoded encoded(SftExample example, SftRows data, ExampleTokens tokens, CausalLM model) {
        Encoded row = tokens.encode(example);
        if (example.isText()) {
            BitSet all = new BitSet();
            all.set(0, row.tokens().length);
            row = new Encoded(row.tokens(), all);
        }
        int positions = model.config().maxPositions();
        String where = "ptx_data " + data.source(example);
        if (row.tokens().length > positions) {
            throw new FormatException(
                    where,
                    "the example has " + row.tokens().length + " tokens, more than the model's " + positions
                            + " positions",
                    "Shorten it or leave it out");
        }
        if (!row.teaches()) {
            throw new FormatException(where, "there is no token to learn from", "Leave it out");
        }
        return row;
    }

    /**
     * Adds the gradient of a step.
     *
     * @param update optimizer steps before this one
     * @return the mean negative log-likelihood, not yet times the coefficient
     */
    public double accumulate(long update, int microBatchTokens) {
        List<Encoded> step = new ArrayList<>();
        for (long place = update * mixture.ptxBatchSize(); step.size() < mixture.ptxBatchSize(); place++) {
            int at = (int) (place % rows.size());
            step.add(rows.get(Permutation.of(seed, place / rows.size(), rows.size(), at)));
        }
        List<LabelledBatch> parts = cut(step, microBatchTokens);
        int learned = parts.stream().mapToInt(part -> part.targets().length).sum();
        double sum = 0;
        for (LabelledBatch part : parts) {
            sum += Workspace.currentOrNew().compute(() -> accumulate(part, -mixture.ptxCoef() / learned));
        }
        return sum / learned;
    }

    private double accumulate(LabelledBatch part, double each) {
        TokenLogProbs.Result scored =
                model.logProbs(model.hidden(part.tokens(), part.segments()), part.rows(), part.targets(), 1f);
        double sum = 0;
        for (float logProb : scored.logProbs().value().toFloatArray()) {
            sum -= logProb;
        }
        float[] slopes = new float[part.targets().length];
        Arrays.fill(slopes, (float) each);
        scored.logProbs().backward(Tensor.of(slopes, slopes.length));
        return sum;
    }

    /** What the method's loss grows by. */
    public double weighted(double loss) {
        return mixture.ptxCoef() * loss;
    }

    /** The largest pass of any step: the longest rows, as many as go into one. */
    public LabelledBatch largest(int microBatchTokens) {
        return cut(Arrays.stream(longest).mapToObj(rows::get).toList(), microBatchTokens)
                .getFirst();
    }

    /** Runs of at most so many tokens; a row is never cut. */
    private static List<LabelledBatch> cut(List<Encoded> rows, int microBatchTokens) {
        List<LabelledBatch> parts = new ArrayList<>();
        List<Encoded> part = new ArrayList<>();
        int tokens = 0;
        for (Encoded row : rows) {
            if (!part.isEmpty() && tokens + row.tokens().length > microBatchTokens) {
                parts.add(batch(part));
                part = new ArrayList<>();
                tokens = 0;
            }
            part.add(row);
            tokens += row.tokens().length;
        }
        parts.add(batch(part));
        return parts;
    }

    private static LabelledBatch batch(List<Encoded> rows) {
        return LabelledBatch.of(
                rows.stream().map(Encoded::tokens).toList(),
                rows.stream().map(Encoded::labels).toList());
    }
}
