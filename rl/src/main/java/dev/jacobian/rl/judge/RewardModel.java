// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.SequenceScorer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * A reward model as a reward: one number for a prompt and its completion, all completions of a rollout at once.
 *
 * <pre>{@code
 * RewardModel reward = new RewardModel(HeldModel.resident(CausalLM.load(folder)));
 * Task task = new RewardedTask(problems, WeightedRewards.of(reward), 0);
 * }</pre>
 *
 * <p>Decisions: the text is tokenised by the reward model's own tokenizer and in the form that it was trained on, the end token included
 * (TRL's trainers leave that out): a conversation by its chat template, anything else as prompt, completion and end token. A completion
 * that a limit ended has no end token. What is longer than the model has positions is a failure, which stops a run: to score its beginning
 * would be to score something else.
 */
public final class RewardModel implements BatchReward {
    private final HeldModel model;
    private final JudgedText texts;
    private final int positions;

    /**
     * A reward model.
     *
     * @throws IllegalArgumentException if its head does not give one number
     */
    public RewardModel(HeldModel model) {
        CausalLM idle = model.idle();
        if (idle.labels() != 1) {
            throw new IllegalArgumentException("a reward model gives one number ("
                    + "ForSequenceClassification with one label), and this one "
                    + (idle.labels() == 0 ? "is a language model" : "has " + idle.labels() + " labels")
                    + "; train one with jacobian reward");
        }
        this.model = model;
        this.texts = new JudgedText(idle);
        this.positions = idle.config().maxPositions();
    }

    @Override
    public String name() {
        return "reward_model";
    }

    @Override
    public List<List<Score>> score(List<Samples> groups) {
        List<int[]> fitting = new ArrayList<>();
        List<List<int[]>> all = new ArrayList<>();
        for (Samples group : groups) {
            List<int[]> sequences =
                    group.completions().stream().map(this::tokens).toList();
            all.add(sequences);
            sequences.stream().filter(tokens -> tokens.length <= positions).forEach(fitting::add);
        }
        Iterator<float[]> scores =
                model.use(here -> new SequenceScorer(here).scores(fitting)).iterator();
        return all.stream()
                .map(sequences -> sequences.stream()
                        .map(tokens -> tokens.length <= positions ? Score.of(scores.next()[0]) : tooLong(tokens.length))
                        .toList())
                .toList();
    }

    /** Its model computes in this process. */
    @Override
    public Running running() {
        return Running.HERE;
    }

    private int[] tokens(Completion completion) {
        return texts.tokens(
                completion.prompt(),
                completion.text(),
                completion.finishReason().isOfModel());
    }

    private Score tooLong(int length) {
        return Score.failure("the reward model has " + positions + " positions, and prompt and completion are " + length
                + " tokens to it; lower max_completion_length, or use a model with more");
    }
}
