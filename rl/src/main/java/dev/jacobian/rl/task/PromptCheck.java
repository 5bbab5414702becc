// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.io.FormatException;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds prompts that a model cannot complete, before a run begins: those without a token, and those that leave no room for
 * the completion. A run draws its rows in a random order, so such a row would end it at any moment, and again after every
 * resumption.
 */
public final class PromptCheck {
    private final CausalLM model;
    private final PromptTokens prompts;
    private final int maxNewTokens;

    /**
     * @param model what completes the prompts
     * @param maxNewTokens limit of tokens per completion
     */
    public PromptCheck(CausalLM model, int maxNewTokens) {
        this.model = model;
        this.prompts = new PromptTokens(model);
        this.maxNewTokens = maxNewTokens;
    }

    /** What is wrong with a problem's prompt, if anything is; {@link dev.jacobian.rl.task.JsonlTask#without} takes this. */
    public Optional<String> objection(Problem problem) {
        try {
            return objection(tokens(problem));
        } catch (FormatException e) {
            return Optional.of(e.what());
        }
    }

    private Optional<String> objection(int[] tokens) {
        int positions = model.config().maxPositions();
        int vocabulary = model.config().vocabularySize();
        if (tokens.length == 0) {
            return Optional.of("the prompt is empty, so there is no token to begin with");
        }
        if (Arrays.stream(tokens).anyMatch(token -> token >= vocabulary)) {
            return Optional.of("the prompt has a token that the model's vocabulary of " + vocabulary + " lacks");
        }
        if ((long) tokens.length + maxNewTokens > positions) {
            return Optional.of("the prompt has " + tokens.length + " tokens; with a completion of up to " + maxNewTokens
                    + " that is more than the model's " + positions + " positions");
        }
        return Optional.empty();
    }

    private int[] tokens(Problem problem) {
        return prompts.of(problem);
    }

    private int[] tokens(Task task, Problem problem) {
        try {
            return tokens(problem);
        } catch (FormatException e) {
            throw new FormatException(task.source(problem), e.what(), e.fix(), e);
        }
    }

    /**
     * Checks problems and finds the longest prompt.
     *
     * @return its tokens, at least 1
     * @throws FormatException naming the first problem with an impossible prompt, by file and row if it is from a file
     */
    public int longest(Task task, List<Problem> problems) {
        int longest = 1;
        for (Problem problem : problems) {
            int[] tokens = tokens(task, problem);
            if (tokens.length == 0 && task.environment().isPresent()) {
                continue; // it may say something first; the sampler tells where nobody does
            }
            Optional<String> wrong = objection(tokens);
            if (wrong.isPresent()) {
                throw new FormatException(
                        task.source(problem),
                        wrong.get(),
                        "Correct the prompt, ask for shorter completions, or leave such rows out (--skip-bad-rows)");
            }
            longest = Math.max(longest, tokens.length);
        }
        return longest;
    }
}
