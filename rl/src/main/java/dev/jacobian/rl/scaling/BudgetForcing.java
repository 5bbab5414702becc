// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.scaling;

import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Budget forcing (s1, arXiv 2501.19393): a thought is ended where its budget is, and kept from ending before.
 *
 * <p>A thought goes on until it says {@code endOfThinking} or ends altogether. As long as it may be lengthened, what ended it is taken back, {@code waitText}
 * is written in its place, and the next token is none that begins the end. When the budget of tokens is used up, {@code endOfThinking} is written for it.
 * Behind that the answer follows, with a limit of its own.
 *
 * <p>Decisions: tokens that were written for the model count like its own, and those that were taken back count too, for they were computed. With an empty
 * {@code waitText} only the end is suppressed. The same seed gives the same text, whatever else is asked in the same batch.
 *
 * @param attempts who answers what
 * @param endOfThinking the text that ends a thought, such as {@code </think>}; what stands in the model's own form behind it follows by itself
 * @param waitText what is written where a thought would have ended, such as {@code Wait}
 * @param answerTokens most tokens of the answer behind the thought
 */
public record BudgetForcing(Attempts attempts, String endOfThinking, String waitText, int answerTokens) {
    public BudgetForcing {
        if (endOfThinking.isEmpty() || answerTokens < 1) {
            throw new IllegalArgumentException(
                    "budget forcing needs the text that ends a thought, and at least 1 token for the answer");
        }
    }

    /**
     * Thoughts of several budgets, never lengthened.
     *
     * @param budgets tokens of a thought, each at least 1
     */
    public ScalingCurve budgets(List<Integer> budgets) {
        return new ScalingCurve(
                "budget",
                "the thought is ended at a number of tokens",
                budgets.stream()
                        .map(budget -> point("budget = " + budget, budget, 0))
                        .toList());
    }

    /**
     * Thoughts that are lengthened several times.
     *
     * @param waits how often, each 0 or more
     * @param most tokens of a thought in all
     */
    public ScalingCurve waits(List<Integer> waits, int most) {
        return new ScalingCurve(
                "wait",
                "the end of the thought is suppressed" + (waitText.isEmpty() ? "" : " by '" + waitText + "'")
                        + " a number of times",
                waits.stream()
                        .map(times -> point("waits = " + times, most, times))
                        .toList());
    }

    /** One problem on its way. */
    private static final class Thought {
        private int[] written = new int[0]; // behind the prompt
        private int computed;
        private int waits;
        private int thought; // tokens of it
        private int round;
        private boolean answers;
        private FinishReason finish = FinishReason.PAUSED;

        boolean isOpen() {
            return finish == FinishReason.PAUSED;
        }

        void write(int[] tokens) {
            written = Attempts.joined(written, tokens);
        }
    }

    private ScalingPoint point(String setting, int budget, int waits) {
        if (budget < 1 || waits < 0) {
            throw new IllegalArgumentException("a budget is at least 1 token, and waits are 0 or more");
        }
        List<int[]> prompts = attempts.prompts();
        List<Thought> thoughts = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            thoughts.add(new Thought());
        }
        while (true) {
            List<Integer> open = IntStream.range(0, thoughts.size())
                    .filter(p -> thoughts.get(p).isOpen())
                    .boxed()
                    .toList();
            if (open.isEmpty()) {
                break;
            }
            List<List<Generation>> generations = new Generator(attempts.model())
                    .generate(open.stream()
                            .map(p -> request(p, prompts.get(p), thoughts.get(p), budget))
                            .toList());
            for (int i = 0; i < open.size(); i++) {
                goOn(thoughts.get(open.get(i)), generations.get(i).getFirst(), budget, waits);
            }
        }
        double[] tokens =
                thoughts.stream().mapToDouble(thought -> thought.computed).toArray();
        List<Attempts.Answer> answers = thoughts.stream()
                .map(thought -> new Attempts.Answer(thought.written, thought.finish))
                .toList();
        return attempts.point(setting, 1, prompts, answers, tokens);
    }

    private GenerationRequest request(int problem, int[] prompt, Thought thought, int budget) {
        GenerationConfigBuilder config = attempts.sampling().get();
        if (thought.answers) {
            config.maxNewTokens(answerTokens);
        } else {
            config.maxNewTokens(budget - thought.thought).stopStrings(List.of(endOfThinking));
            if (thought.waits > 0) {
                config.beginSuppressTokens(List.copyOf(endings()));
            }
        }
        // a round draws as a sample of its own, so that it does not repeat what was taken back
        return new GenerationRequest(
                new Prefix(Attempts.joined(prompt, thought.written), Attempts.KEY_BASE + problem, thought.round++, 0),
                1,
                config.build(),
                GenerationRequest.NEVER,
                RequestListener.NONE);
    }

    private CausalLM model() {
        return attempts.model();
    }

    /** Tokens that end a thought, or begin to. */
    private Set<Integer> endings() {
        Set<Integer> endings = new LinkedHashSet<>(model().eosTokenIds());
        endings.add(encoded(endOfThinking)[0]);
        return endings;
    }

    private int[] encoded(String text) {
        return model().tokenizer().encode(text, false);
    }

    private void goOn(Thought thought, Generation said, int budget, int waits) {
        int[] tokens = said.tokenIds();
        thought.computed += tokens.length;
        if (thought.answers) {
            thought.write(tokens);
            thought.finish = said.finishReason();
            return;
        }
        boolean ended = said.finishReason() != FinishReason.LENGTH;
        int[] kept = ended ? withoutEnd(tokens, said.finishReason()) : tokens;
        int[] marker = encoded(waitText);
        int left = budget - thought.thought - kept.length - marker.length;
        if (ended && thought.waits < waits && left > 0) {
            thought.write(kept);
            thought.write(marker);
            thought.thought += kept.length + marker.length;
            thought.computed += marker.length;
            thought.waits++;
        } else if (said.finishReason() == FinishReason.STOP_STRING) {
            thought.write(tokens); // it has ended itself
            thought.answers = true;
        } else if (said.finishReason() == FinishReason.LENGTH) {
            thought.write(tokens);
            int[] end = encoded(endOfThinking);
            thought.write(end);
            thought.computed += end.length;
            thought.answers = true;
        } else {
            thought.write(tokens); // the whole completion has ended
            thought.finish = said.finishReason();
        }
    }

    /** What was thought before the end that is taken back. */
    private int[] withoutEnd(int[] tokens, FinishReason why) {
        if (why != FinishReason.STOP_STRING) {
            return Arrays.copyOf(tokens, Math.max(0, tokens.length - 1)); // an end token
        }
        Tokenizer tokenizer = model().tokenizer();
        String text = tokenizer.decode(tokens, false);
        int end = text.lastIndexOf(endOfThinking);
        int length = tokens.length;
        while (length > 0
                && tokenizer.decode(Arrays.copyOf(tokens, length), false).length() > end) {
            length--;
        }
        int[] whole = Arrays.copyOf(tokens, length);
        String rest =
                text.substring(tokenizer.decode(whole, false).length(), end); // of a token that also began the end
        return rest.isEmpty() ? whole : Attempts.joined(whole, encoded(rest));
    }
}
