// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.gguf.GgufWriter;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Recurrence.GatedDeltaNet;
import dev.jacobian.transformer.plan.Recurrence.ShortConvolution;
import java.util.List;

/**
 * The keys of layers that carry a state, beside others with attention: short convolutions (lfm2) and gated delta nets (qwen3next,
 * qwen35). Which layers have attention is said by heads of keys in the first, by an interval in the others.
 */
final class RecurrentKeys {
    private static final String INTERVAL = "full_attention_interval";
    private static final String RECURRENT = "attention.recurrent_layers";
    private static final int USUAL_INTERVAL = 4;

    private RecurrentKeys() {}

    /**
     * Reads of lfm2 which layers have attention: those with heads of keys.
     *
     * @return heads of keys in layers that have some
     */
    static int readHeads(GgufKeys keys, ObjectNode config, int layers, int heads) {
        String key = "attention.head_count_kv";
        if (!keys.isList(key)) {
            return keys.size(key).orElse(heads);
        }
        long[] each = keys.list(key).orElseThrow();
        if (each.length != layers) {
            throw keys.bad(key, each.length + " entries for " + layers + " layers");
        }
        ArrayNode types = config.putArray("layer_types");
        long found = 0;
        for (long count : each) {
            types.add(count == 0 ? "conv" : "full_attention");
            if (count < 0 || count > Integer.MAX_VALUE || count != 0 && found != 0 && count != found) {
                throw keys.bad(key, "layers of different sizes are not computed here");
            }
            found = Math.max(found, count);
        }
        return found == 0 ? heads : (int) found;
    }

    /** Reads the convolutions of lfm2. */
    static void readConvolution(GgufKeys keys, ObjectNode config) {
        config.put("conv_L_cache", keys.requireSize("shortconv.l_cache"));
        config.put("conv_bias", false);
        config.put("block_auto_adjust_ff_dim", false); // the file says how wide it is
    }

    /** Reads the delta nets of Qwen. */
    static void readDeltaNet(GgufKeys keys, ObjectNode config, int layers) {
        int heads = keys.requireSize("ssm.time_step_rank");
        int inner = keys.requireSize("ssm.inner_size");
        if (heads < 1 || inner % heads != 0) {
            throw keys.bad("ssm.inner_size", inner + " elements do not divide into " + heads + " heads");
        }
        config.put("linear_conv_kernel_dim", keys.requireSize("ssm.conv_kernel"));
        config.put("linear_key_head_dim", keys.requireSize("ssm.state_size"));
        config.put("linear_num_key_heads", keys.requireSize("ssm.group_count"));
        config.put("linear_num_value_heads", heads);
        config.put("linear_value_head_dim", inner / heads);
        int interval = keys.size(INTERVAL).orElse(USUAL_INTERVAL);
        if (interval < 1) {
            throw keys.bad(INTERVAL, "it is " + interval + "; every so-many-th layer has attention");
        }
        long[] recurrent = keys.list(RECURRENT).orElse(new long[0]);
        if (recurrent.length > 0 && recurrent.length < layers) {
            throw keys.bad(RECURRENT, recurrent.length + " entries for " + layers + " layers");
        }
        ArrayNode types = config.putArray("layer_types");
        for (int layer = 0; layer < layers; layer++) {
            boolean attends = recurrent.length > 0 ? recurrent[layer] == 0 : (layer + 1) % interval == 0;
            types.add(attends ? "full_attention" : "linear_attention");
        }
        keys.unused("rope.dimension_sections"); // a token of text has one position in place of three
    }

    /** Puts the convolutions of lfm2, and which layers have attention. */
    static void put(GgufWriter out, String prefix, List<LayerPlan> layers, ShortConvolution convolution) {
        out.put(prefix + "shortconv.l_cache", convolution.taps());
        out.put(
                prefix + "attention.head_count_kv",
                layers.stream()
                        .mapToInt(layer -> layer.mixer() instanceof Attention attention ? attention.kvHeads() : 0)
                        .toArray());
    }

    /**
     * Puts the delta nets of Qwen, and which layers have attention.
     *
     * @param rotated elements of a head that are rotated
     */
    static void put(GgufWriter out, String prefix, List<LayerPlan> layers, GatedDeltaNet net, int rotated) {
        out.put(prefix + "ssm.conv_kernel", net.taps());
        out.put(prefix + "ssm.state_size", net.keyDim());
        out.put(prefix + "ssm.group_count", net.keyHeads());
        out.put(prefix + "ssm.time_step_rank", net.heads());
        out.put(prefix + "ssm.inner_size", net.valueWidth());
        int first = 0;
        while (first < layers.size() && !(layers.get(first).mixer() instanceof Attention)) {
            first++;
        }
        out.put(prefix + INTERVAL, first + 1);
        if (prefix.equals("qwen35.")) {
            int pairs = rotated / 2; // shared by time, height and width of an image, in turn
            out.put(prefix + "rope.dimension_sections", new int[] {(pairs + 2) / 3, (pairs + 1) / 3, pairs / 3, 0});
        }
    }
}
