// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.episode.Turn;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.WeightVersions;
import dev.jacobian.rl.task.Problem;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Groups as bytes, field after field in the order of their records. {@link GroupReader} is its mirror. */
final class GroupWriter {
    private final StoreOutput out;

    GroupWriter(StoreOutput out) {
        this.out = out;
    }

    void write(ScoredGroup scored) throws IOException {
        write(scored.group());
        requirePerSample(scored, "texts", scored.texts().size());
        for (String text : scored.texts()) {
            out.text(text);
        }
        requirePerSample(scored, "rewards", scored.rewards().length);
        out.doubles(scored.rewards());
        requirePerSample(scored, "counts", scored.counts().length);
        out.truths(scored.counts());
        requirePerSample(scored, "solved", scored.solved().length);
        out.truths(scored.solved());
        out.truth(scored.tokenRewards().isPresent());
        if (scored.tokenRewards().isPresent()) {
            requirePerSample(scored, "tokenRewards", scored.tokenRewards().get().length);
            for (double[] rewards : scored.tokenRewards().get()) {
                out.number(rewards.length);
                out.doubles(rewards);
            }
        }
        out.number(scored.parts().size());
        for (Map.Entry<String, double[]> part : scored.parts().entrySet()) {
            out.text(part.getKey());
            requirePerSample(scored, part.getKey(), part.getValue().length);
            out.doubles(part.getValue());
        }
        out.number(scored.extra().length);
        out.doubles(scored.extra());
    }

    private static void requirePerSample(ScoredGroup scored, String what, int found) {
        if (found != scored.group().size()) {
            throw new IllegalArgumentException("the group of problem '"
                    + scored.group().problem().id() + "' has " + scored.group().size() + " samples, but " + found
                    + " of '" + what + "'");
        }
    }

    void write(Group group) throws IOException {
        write(group.problem());
        out.number(group.key());
        out.number(group.promptLength());
        out.number(group.size());
        for (Trajectory sample : group.samples()) {
            write(sample);
        }
    }

    private void write(Problem problem) throws IOException {
        out.text(problem.id());
        out.text(problem.prompt());
        try {
            StoredValues.writeMap(out, problem.columns().values());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("problem '" + problem.id() + "': " + e.getMessage(), e);
        }
        Optional<ChatRow> chat = problem.chat();
        out.truth(chat.isPresent());
        if (chat.isPresent()) {
            out.text(Json.compact(json(chat.get().chat())));
            out.text(Json.compact(chat.get().completion()));
        }
    }

    /** As {@link Chat#read} takes it. */
    private static ObjectNode json(Chat chat) {
        ObjectNode json = Json.object();
        json.set("messages", chat.messages());
        json.set("tools", chat.tools());
        json.set("documents", chat.documents());
        json.put("add_generation_prompt", chat.addGenerationPrompt());
        json.put("continue_final_message", chat.continueFinalMessage());
        chat.template().ifPresent(template -> json.put("chat_template", template));
        json.set("chat_template_kwargs", chat.variables());
        return json;
    }

    private void write(Trajectory sample) throws IOException {
        out.number(sample.length());
        out.ints(sample.tokens());
        out.truths(sample.chosen());
        out.floats(sample.logProbs());
        List<WeightVersions.Run> runs = sample.versions().runs();
        out.number(runs.size());
        for (WeightVersions.Run run : runs) {
            out.number(run.end());
            out.number(run.version());
        }
        out.text(sample.finish().name()); // by name: constants may come to stand before it
        out.truth(sample.episode().isPresent());
        if (sample.episode().isPresent()) {
            write(sample.episode().get());
        }
    }

    private void write(Episode episode) throws IOException {
        out.number(episode.start());
        out.number(episode.turns().size());
        for (Turn turn : episode.turns()) {
            out.number(turn.start());
            out.number(turn.end());
            out.number(turn.next());
            OptionalDouble reward = turn.reward();
            out.truth(reward.isPresent());
            if (reward.isPresent()) {
                out.number(reward.getAsDouble());
            }
            out.number(turn.calls());
            out.number(turn.failedCalls());
        }
        out.text(episode.ending().name());
        out.truth(episode.failure().isPresent());
        if (episode.failure().isPresent()) {
            out.text(episode.failure().get());
        }
    }
}
