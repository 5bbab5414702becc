// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import com.fasterxml.jackson.databind.node.ArrayNode;
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
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Rng;
import dev.jacobian.transformer.generation.FinishReason;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** Groups with all that a group can have, made of random numbers. */
final class StoredGroups {
    private final Rng rng;

    StoredGroups(long seed) {
        rng = new Rng(seed, 0);
    }

    List<ScoredGroup> scored(int count) {
        return IntStream.range(0, count).mapToObj(i -> scored()).toList();
    }

    ScoredGroup scored() {
        Group group = group();
        int size = group.size();
        Map<String, double[]> parts = new LinkedHashMap<>();
        for (int i = rng.nextInt(3); i >= 0; i--) {
            parts.put("reward " + i, doubles(size));
        }
        return new ScoredGroup(
                group,
                group.samples().stream().map(sample -> text()).toList(),
                doubles(size),
                truths(size),
                truths(size),
                coin()
                        ? Optional.empty()
                        : Optional.of(group.samples().stream()
                                .map(sample -> doubles(sample.choices()))
                                .toArray(double[][]::new)),
                parts,
                doubles(rng.nextInt(3)));
    }

    Group group() {
        int[] prompt = tokens(1 + rng.nextInt(4));
        List<Trajectory> samples = new ArrayList<>();
        for (int i = rng.nextInt(3); i >= 0; i--) {
            samples.add(sample(prompt));
        }
        return new Group(problem(), rng.nextInt(1 << 30) * 4096L, prompt.length, samples);
    }

    private Trajectory sample(int[] prompt) {
        Trajectory sample = Trajectory.ofPrompt(prompt);
        long version = rng.nextInt(9);
        for (int segment = rng.nextInt(3); segment > 0; segment--) {
            int[] more = tokens(1 + rng.nextInt(5));
            FinishReason finish = FinishReason.values()[rng.nextInt(FinishReason.values().length)];
            sample = coin() ? sample.given(more) : sample.chosen(more, floats(more.length), version++, finish);
        }
        return coin() ? sample : sample.with(episode(sample.length()), sample.finish());
    }

    private Episode episode(int length) {
        Episode episode = Episode.from(1);
        for (int at = 1; at + 2 < length && coin(); at += 2) {
            OptionalDouble reward = coin() ? OptionalDouble.empty() : OptionalDouble.of(unusual());
            episode = episode.with(new Turn(at, at + 1, at + 2, reward, 2, 1));
        }
        return coin() ? episode.failed(text()) : episode.ended(Ending.values()[rng.nextInt(3)]);
    }

    Problem problem() {
        String id = "row " + rng.nextInt(1000);
        Map<String, Object> columns = new LinkedHashMap<>();
        columns.put("nums", List.of(1, 2L, BigInteger.TWO.pow(70)));
        columns.put("answer", text());
        columns.put("weights", Map.of("deep", Arrays.asList(unusual(), 0.5f, true, null)));
        return new Problem(id, text(), new Columns(columns), coin() ? Optional.empty() : Optional.of(chat()));
    }

    private ChatRow chat() {
        ArrayNode messages = (ArrayNode) Json.parse("[{\"role\":\"user\",\"content\":\"2 + 0.1?\"}]", "test");
        Chat chat = Chat.of(messages, "test")
                .withGenerationPrompt(coin())
                .withTools(coin() ? Json.parse("[{\"name\":\"calculator\"}]", "test") : Json.parse("null", "test"));
        return new ChatRow(chat, coin() ? messages : Json.object().arrayNode());
    }

    private boolean coin() {
        return rng.nextInt(2) == 0;
    }

    private int[] tokens(int count) {
        return IntStream.range(0, count).map(i -> rng.nextInt(1 << 30)).toArray();
    }

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = coin()
                    ? -rng.nextFloat()
                    : Float.intBitsToFloat(0x7F80_0001 + rng.nextInt(1000)); // a NaN of its own
        }
        return values;
    }

    private double[] doubles(int count) {
        return IntStream.range(0, count).mapToDouble(i -> unusual()).toArray();
    }

    private double unusual() {
        return coin() ? rng.nextFloat() : Double.longBitsToDouble(0x7FF8_0000_0000_0000L + rng.nextInt(1000));
    }

    private boolean[] truths(int count) {
        boolean[] values = new boolean[count];
        for (int i = 0; i < count; i++) {
            values[i] = coin();
        }
        return values;
    }

    private String text() {
        return List.of("", "7 * 6", "größer", "答 \uD83D\uDE00", "half \uD800 a pair", "line\nend")
                .get(rng.nextInt(6));
    }
}
