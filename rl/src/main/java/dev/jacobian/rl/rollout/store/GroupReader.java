// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.episode.Ending;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.episode.Turn;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.rollout.WeightVersions;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/** Bytes as groups: the mirror of {@link GroupWriter}. What the records refuse is an error of the file. */
final class GroupReader {
    private static final int SMALLEST_TEXT = 1 + Integer.BYTES;
    private static final int BYTES_OF_TOKEN = Integer.BYTES + 1 + Float.BYTES;
    private static final int BYTES_OF_RUN = Integer.BYTES + Long.BYTES;
    private static final int BYTES_OF_TURN = 5 * Integer.BYTES + 1;

    private final StoreInput in;

    GroupReader(StoreInput in) {
        this.in = in;
    }

    ScoredGroup scored() {
        Group group = group();
        int size = group.size();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            texts.add(in.text());
        }
        double[] rewards = in.doubles(size);
        boolean[] counts = in.truths(size);
        boolean[] solved = in.truths(size);
        Optional<double[][]> tokenRewards = in.truth() ? Optional.of(tokenRewards(size)) : Optional.empty();
        Map<String, double[]> parts = new LinkedHashMap<>();
        int functions = in.count(SMALLEST_TEXT + (long) size * Double.BYTES);
        for (int i = 0; i < functions; i++) {
            parts.put(in.text(), in.doubles(size));
        }
        double[] extra = in.doubles(in.count(Double.BYTES));
        return new ScoredGroup(group, texts, rewards, counts, solved, tokenRewards, parts, extra);
    }

    private double[][] tokenRewards(int samples) {
        double[][] rewards = new double[samples][];
        for (int i = 0; i < samples; i++) {
            rewards[i] = in.doubles(in.count(Double.BYTES));
        }
        return rewards;
    }

    Group group() {
        Problem problem = problem();
        long key = in.int64();
        int promptLength = in.int32();
        int size = in.count(BYTES_OF_TOKEN);
        List<Trajectory> samples = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            samples.add(sample());
        }
        return checked(() -> new Group(problem, key, promptLength, samples));
    }

    private Problem problem() {
        String id = in.text();
        String prompt = in.text();
        return checked(() -> new Problem(id, prompt, new Columns(StoredValues.readMap(in)), chat()));
    }

    private Optional<ChatRow> chat() {
        if (!in.truth()) {
            return Optional.empty();
        }
        Chat chat = Chat.read(Json.parse(in.text(), in.where()), in.where());
        if (!(Json.parse(in.text(), in.where()) instanceof ArrayNode completion)) {
            throw in.broken("the completion of a conversation is no list of messages");
        }
        return Optional.of(new ChatRow(chat, completion));
    }

    private Trajectory sample() {
        int length = in.count(BYTES_OF_TOKEN);
        int[] tokens = in.ints(length);
        for (int token : tokens) {
            if (token < 0) {
                throw in.broken("a token has the id " + token);
            }
        }
        boolean[] chosen = in.truths(length);
        float[] logProbs = in.floats(length);
        int count = in.count(BYTES_OF_RUN);
        List<WeightVersions.Run> runs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            runs.add(new WeightVersions.Run(in.int32(), in.int64()));
        }
        FinishReason finish = in.constant(FinishReason.class);
        Optional<Episode> episode = in.truth() ? Optional.of(episode()) : Optional.empty();
        return checked(() -> new Trajectory(tokens, chosen, logProbs, new WeightVersions(runs), finish, episode));
    }

    private Episode episode() {
        int start = in.int32();
        int count = in.count(BYTES_OF_TURN);
        List<Turn> turns = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            turns.add(turn());
        }
        Ending ending = in.constant(Ending.class);
        Optional<String> failure = in.truth() ? Optional.of(in.text()) : Optional.empty();
        return checked(() -> new Episode(start, turns, ending, failure));
    }

    private Turn turn() {
        int start = in.int32();
        int end = in.int32();
        int next = in.int32();
        OptionalDouble reward = in.truth() ? OptionalDouble.of(in.float64()) : OptionalDouble.empty();
        int calls = in.int32();
        int failedCalls = in.int32();
        return checked(() -> new Turn(start, end, next, reward, calls, failedCalls));
    }

    /** What was read as a record, whose constructor knows what fits together. */
    private <T> T checked(Supplier<T> record) {
        try {
            return record.get();
        } catch (FormatException e) {
            throw e; // says where already
        } catch (IllegalArgumentException e) {
            throw in.broken(String.valueOf(e.getMessage()), e);
        }
    }
}
