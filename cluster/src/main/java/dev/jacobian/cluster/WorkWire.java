// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Prefix;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Work and its results as bytes, number for number; no length is believed that the rest of a message could not hold. */
final class WorkWire {
    /** The most samples of one item. */
    private static final int MOST_SAMPLES = 1 << 20;

    private WorkWire() {}

    /**
     * A part of a request.
     *
     * @param id its number in the wave
     * @param prefix what is gone on from
     * @param samples how many continuations
     * @param pauseAfter tokens after which one pauses
     */
    record Item(int id, Prefix prefix, int samples, int pauseAfter) {}

    /**
     * A sample that has ended.
     *
     * @param item whose
     * @param sample which of its
     * @param generation what it came to
     */
    record Done(int item, int sample, Generation generation) {}

    private interface Writing {
        void write(DataOutputStream out) throws IOException;
    }

    private interface Reading<T> {
        T read(DataInputStream in) throws IOException;
    }

    private static byte[] bytes(Writing writing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            writing.write(out);
        } catch (IOException e) {
            throw new AssertionError("memory can be written to", e);
        }
        return bytes.toByteArray();
    }

    private static <T> List<T> all(byte[] bytes, Reading<T> reading) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            List<T> all = new ArrayList<>();
            while (in.available() > 0) {
                all.add(reading.read(in));
            }
            return all;
        } catch (IOException e) {
            throw new Refusal(Refusal.Kind.BROKEN, "a message ends too soon", e);
        } catch (IllegalArgumentException e) {
            throw new Refusal(Refusal.Kind.BROKEN, "a message makes no sense: " + e.getMessage(), e);
        }
    }

    private static int count(DataInputStream in, int bytesEach) throws IOException {
        int value = in.readInt();
        if (value < 0 || (long) value * bytesEach > in.available()) {
            throw new Refusal(Refusal.Kind.BROKEN, "a message speaks of " + value + " numbers that it does not have");
        }
        return value;
    }

    static byte[] items(List<Item> items) {
        return bytes(out -> {
            for (Item item : items) {
                out.writeInt(item.id);
                out.writeInt(item.samples);
                out.writeInt(item.pauseAfter);
                out.writeLong(item.prefix.key());
                out.writeInt(item.prefix.sample());
                out.writeInt(item.prefix.continued());
                out.writeInt(item.prefix.tokens().length);
                for (int token : item.prefix.tokens()) {
                    out.writeInt(token);
                }
            }
        });
    }

    static List<Item> items(byte[] bytes) {
        return all(bytes, in -> {
            int id = in.readInt();
            int samples = in.readInt();
            int pauseAfter = in.readInt();
            long key = in.readLong();
            int sample = in.readInt();
            int continued = in.readInt();
            int[] tokens = new int[count(in, Integer.BYTES)];
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = in.readInt();
            }
            if (samples < 1 || samples > MOST_SAMPLES || pauseAfter < 1 || tokens.length == 0) {
                throw new Refusal(Refusal.Kind.BROKEN, "item " + id + " asks for nothing, or for too much");
            }
            return new Item(id, new Prefix(tokens, key, sample, continued), samples, pauseAfter);
        });
    }

    static byte[] results(List<Done> results) {
        return bytes(out -> {
            for (Done done : results) {
                out.writeInt(done.item);
                out.writeInt(done.sample);
                out.writeInt(done.generation.finishReason().ordinal());
                int[] tokens = done.generation.tokenIds();
                out.writeInt(tokens.length);
                for (int t = 0; t < tokens.length; t++) {
                    out.writeInt(tokens[t]);
                    out.writeInt(Float.floatToRawIntBits(done.generation.logProbs()[t]));
                }
            }
        });
    }

    static List<Done> results(byte[] bytes) {
        return all(bytes, in -> {
            int item = in.readInt();
            int sample = in.readInt();
            int reason = in.readInt();
            FinishReason[] reasons = FinishReason.values();
            if (reason < 0 || reason >= reasons.length) {
                throw new Refusal(Refusal.Kind.BROKEN, "a sample ended for reason " + reason);
            }
            int[] tokens = new int[count(in, Integer.BYTES + Float.BYTES)];
            float[] logProbs = new float[tokens.length];
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = in.readInt();
                logProbs[t] = Float.intBitsToFloat(in.readInt());
            }
            return new Done(item, sample, new Generation(tokens, logProbs, reasons[reason]));
        });
    }

    /** How tokens are chosen, if that can be said in a message: a setting that is code cannot. */
    static Optional<ObjectNode> generation(GenerationConfig config) {
        ObjectNode json = Json.object()
                .put("max_new_tokens", config.length().maxNewTokens().orElse(0))
                .put("do_sample", config.doSample())
                .put("temperature", config.temperature())
                .put("top_k", config.sampling().topK())
                .put("top_p", config.sampling().topP())
                .put("min_p", config.sampling().minP())
                .put("repetition_penalty", config.repetitionPenalty())
                .put("repetition_ngram", config.stop().repetition().ngram())
                .put("repetition_count", config.stop().repetition().count())
                .put("ignore_eos", config.ignoreEos())
                .put("seed", Long.toString(config.seed()));
        try {
            ObjectNode read = (ObjectNode) Json.parse(Json.compact(json), "settings");
            return generation(read).equals(config) ? Optional.of(json) : Optional.empty();
        } catch (Refusal e) {
            return Optional.empty();
        }
    }

    /** What {@link #generation(GenerationConfig)} wrote. */
    static GenerationConfig generation(ObjectNode json) {
        try {
            return GenerationConfig.builder()
                    .maxNewTokens(json.path("max_new_tokens").asInt())
                    .doSample(json.path("do_sample").asBoolean())
                    .temperature(json.path("temperature").floatValue())
                    .topK(json.path("top_k").asInt())
                    .topP(json.path("top_p").floatValue())
                    .minP(json.path("min_p").floatValue())
                    .repetitionPenalty(json.path("repetition_penalty").floatValue())
                    .repetitionNgram(json.path("repetition_ngram").asInt())
                    .repetitionCount(json.path("repetition_count").asInt())
                    .ignoreEos(json.path("ignore_eos").asBoolean())
                    .seed(Long.parseLong(json.path("seed").asText()))
                    .build();
        } catch (IllegalArgumentException e) {
            throw new Refusal(Refusal.Kind.BROKEN, "it cannot be sampled so: " + e.getMessage(), e);
        }
    }
}
