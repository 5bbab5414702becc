// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * A process reward model: how likely each step of a chain is right.
 *
 * <p>Tokens are those that {@code jacobian prm} trained it on: the prompt, and each step with the separator behind it, each encoded by itself; the number is read at the
 * separator's last token as softmax of the head's two.
 *
 * @param model a checkpoint that {@code jacobian prm} wrote (ForTokenClassification, two labels: 1 is right)
 * @param separator what stands behind a step
 */
public record ProcessRewardModel(HeldModel model, String separator) implements StepJudge {
    private static final int BATCH_TOKENS = 8192;

    /**
     * Checks the head.
     *
     * @throws IllegalArgumentException if it does not judge tokens by two numbers, or the separator is empty
     */
    public ProcessRewardModel {
        int labels = model.idle().labels();
        if (labels != 2) {
            throw new IllegalArgumentException("a process reward model says of a step whether it is right"
                    + " (ForTokenClassification with two labels), and this one "
                    + (labels == 0 ? "is a language model" : "has " + labels + (labels == 1 ? " label" : " labels"))
                    + "; train one with jacobian prm");
        }
        if (separator.isEmpty()) {
            throw new IllegalArgumentException("the separator of steps must not be empty: its last token is scored");
        }
    }

    /**
     * The steps of a text: what separators divide it into, the last one whether or not a separator is behind it. A blank one is none.
     */
    public List<String> steps(String text) {
        return Arrays.stream(text.split(Pattern.quote(separator), -1))
                .filter(step -> !step.isBlank())
                .toList();
    }

    /**
     * {@inheritDoc} In [0, 1]; 0 for a text without a step.
     *
     * @throws IllegalArgumentException if a chain is longer than the model
     */
    @Override
    public double[] last(List<String> prompts, List<String> texts) {
        List<int[]> chains = IntStream.range(0, texts.size())
                .mapToObj(i -> chain(prompts.get(i), texts.get(i)))
                .toList();
        double[] right = new double[chains.size()];
        model.use(here -> {
            int from = 0;
            while (from < chains.size()) {
                int to = from;
                int tokens = 0;
                while (to < chains.size() && (to == from || tokens + chains.get(to).length <= BATCH_TOKENS)) {
                    tokens += chains.get(to++).length;
                }
                score(here, chains, from, to, right);
                from = to;
            }
            return right;
        });
        for (int i = 0; i < right.length; i++) {
            right[i] = steps(texts.get(i)).isEmpty() ? 0 : right[i];
        }
        return right;
    }

    private int[] chain(String prompt, String text) {
        Tokenizer tokenizer = model.idle().tokenizer();
        List<int[]> parts = new ArrayList<>();
        tokenizer.bosId().ifPresent(begin -> parts.add(new int[] {begin}));
        parts.add(tokenizer.encode(prompt, false));
        int[] behind = tokenizer.encode(separator, false);
        for (String step : steps(text)) {
            parts.add(tokenizer.encode(step, false));
            parts.add(behind);
        }
        int[] chain = parts.stream().flatMapToInt(Arrays::stream).toArray();
        int most = model.idle().config().maxPositions();
        if (chain.length > most) {
            throw new IllegalArgumentException("the process reward model has " + most
                    + " positions, and prompt and steps are " + chain.length
                    + " tokens to it; lower --max-new-tokens, or use a model with more");
        }
        return chain;
    }

    private static void score(CausalLM model, List<int[]> chains, int from, int to, double[] right) {
        List<int[]> part = chains.subList(from, to);
        Segments segments =
                Segments.of(part.stream().mapToInt(chain -> chain.length).toArray());
        int[] tokens = part.stream().flatMapToInt(Arrays::stream).toArray();
        int[] rows = new int[part.size()];
        for (int s = 0; s < rows.length; s++) {
            rows[s] = segments.start(s) + segments.length(s) - 1;
        }
        float[] z = Workspace.currentOrNew()
                .compute(() -> NoGrad.compute(() -> model.scores(model.hidden(tokens, segments), rows)
                        .value()
                        .toFloatArray())); // [S, 2]
        for (int s = 0; s < rows.length; s++) {
            right[from + s] = 1 / (1 + StrictMath.exp(z[2 * s] - z[2 * s + 1]));
        }
    }
}
