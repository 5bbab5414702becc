// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.family.Families;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tokens far behind the beginning of a sequence, or all of a long one.
 *
 * @param kind decode (token by token), prefill (a piece of a prompt) or train (gradients of a whole sequence)
 * @param cache full, window (of {@value #WINDOW} tokens in all layers) or q8_0
 * @param position tokens that are in the cache already, or of the sequence that is trained on
 */
public record LongCase(String kind, String cache, int position) {
    /** Where suites measure: doubled every other time, up to what long models are made for. */
    private static final List<Integer> POSITIONS = List.of(1 << 10, 1 << 12, 1 << 14, 1 << 15, 1 << 16, 1 << 17);

    /** Sequences to train on that see all of themselves: their time grows with the square. */
    private static final int LONGEST_TRAINED = 1 << 15;

    private static final int WINDOW = 1024;

    /** Tokens of a piece of a prompt. */
    private static final int PIECE = 512;

    /** Tokens that are decoded one after the other. */
    private static final int DECODED = 32;

    private static final Pattern FORM =
            Pattern.compile("(decode|prefill) (full|window|q8_0) (\\d+)|(train) (full|window) (\\d+)");

    /** Reads {@code KIND CACHE POSITION}. */
    public static LongCase parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not of the form 'decode|prefill full|window|q8_0 POSITION' or"
                            + " 'train full|window LENGTH'");
        }
        int from = m.group(1) == null ? 4 : 1;
        return new LongCase(m.group(from), m.group(from + 1), Integer.parseInt(m.group(from + 2)));
    }

    /** All kinds of tokens and of caches at some positions. */
    static List<String> all(boolean quick) {
        List<String> cases = new ArrayList<>();
        for (String kind : List.of("decode", "prefill")) {
            for (String cache : List.of("full", "window", "q8_0")) {
                for (int position : quick ? POSITIONS.subList(0, 3) : POSITIONS) {
                    cases.add(kind + " " + cache + " " + position);
                }
            }
        }
        for (String cache : List.of("full", "window")) {
            for (int length : quick ? POSITIONS.subList(0, 3) : POSITIONS) {
                if (cache.equals("window") || length <= LONGEST_TRAINED) {
                    cases.add("train " + cache + " " + length);
                }
            }
        }
        return cases;
    }

    /** Whether gradients are computed. */
    boolean trains() {
        return kind.equals("train");
    }

    /** Tokens of a call. */
    public int tokens() {
        return switch (kind) {
            case "decode" -> DECODED;
            case "prefill" -> PIECE;
            default -> position;
        };
    }

    /** Tokens of a pass. */
    int piece() {
        return kind.equals("decode") ? 1 : PIECE;
    }

    /** A model of 1M parameters for so many positions, with fresh weights; trained, it computes its layers again in backward. */
    CausalLM model() {
        ObjectNode json = ModelShape.named("1M").json("mistral");
        json.put("max_position_embeddings", position + PIECE);
        if (cache.equals("window")) {
            json.put("sliding_window", WINDOW);
        } else {
            json.putNull("sliding_window");
        }
        KvCacheType type = cache.equals("q8_0") ? KvCacheType.Q8_0 : KvCacheType.AUTO;
        return CausalLM.create(
                        Families.parse(json, "benchmark"), Optional.empty(), 1, ModelOptions.DEFAULT.kvCache(type))
                .gradientCheckpointing(trains());
    }
}
