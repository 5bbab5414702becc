// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.config.DecoderConfig;
import java.util.Map;
import java.util.TreeMap;

/** A Llama in double, by the shortest loops: what gradients of the real one are compared with. For a head of 4 and one group of keys. */
final class DoubleLlama {
    private static final int HEAD = 4;
    private static final int HEADS = 2;
    private static final double STEP = 1e-5;

    private final Map<String, double[]> weights = new TreeMap<>();
    private final int width;
    private final int vocabulary;
    private final int layers;

    private DoubleLlama(DecoderConfig config, int layers) {
        this.width = HEAD * HEADS;
        this.vocabulary = config.vocabularySize();
        this.layers = layers;
    }

    static DoubleLlama of(CausalLM model) {
        DoubleLlama copy = new DoubleLlama(model.config(), 2);
        for (Parameter parameter : model.parameters()) {
            float[] values = parameter.value().toFloatArray();
            double[] wide = new double[values.length];
            for (int i = 0; i < wide.length; i++) {
                wide[i] = values[i];
            }
            copy.weights.put(parameter.name(), wide);
        }
        return copy;
    }

    /** Σ over all parameters of (dlog π(completion) / dθ)², by central differences. */
    double squaredScoreNorm(int[] prompt, int[] completion, double temperature) {
        double squares = 0;
        for (double[] weight : weights.values()) {
            for (int i = 0; i < weight.length; i++) {
                double own = weight[i];
                weight[i] = own + STEP;
                double up = logProb(prompt, completion, temperature);
                weight[i] = own - STEP;
                double down = logProb(prompt, completion, temperature);
                weight[i] = own;
                double slope = (up - down) / (2 * STEP);
                squares += slope * slope;
            }
        }
        return squares;
    }

    /** Σ_t log π(completion_t). */
    double logProb(int[] prompt, int[] completion, double temperature) {
        int[] tokens = new int[prompt.length + completion.length];
        System.arraycopy(prompt, 0, tokens, 0, prompt.length);
        System.arraycopy(completion, 0, tokens, prompt.length, completion.length);
        double[][] x = new double[tokens.length][]; // [T, D]
        for (int t = 0; t < tokens.length; t++) {
            x[t] = row(weights.get("model.embed_tokens.weight"), tokens[t], width);
        }
        for (int layer = 0; layer < layers; layer++) {
            layer(x, "model.layers." + layer + ".");
        }
        double sum = 0;
        for (int t = prompt.length; t < tokens.length; t++) {
            double[] logits = times("lm_head.weight", norm("model.norm.weight", x[t - 1]));
            double total = 0;
            for (int v = 0; v < vocabulary; v++) {
                total += Math.exp(logits[v] / temperature);
            }
            sum += logits[tokens[t]] / temperature - Math.log(total);
        }
        return sum;
    }

    private void layer(double[][] x, String name) {
        int length = x.length;
        double[][] queries = new double[length][];
        double[][] keys = new double[length][];
        double[][] values = new double[length][];
        for (int t = 0; t < length; t++) {
            double[] normed = norm(name + "input_layernorm.weight", x[t]);
            queries[t] = turned(times(name + "self_attn.q_proj.weight", normed), t);
            keys[t] = turned(times(name + "self_attn.k_proj.weight", normed), t);
            values[t] = times(name + "self_attn.v_proj.weight", normed);
        }
        for (int t = 0; t < length; t++) {
            double[] mixed = new double[width];
            for (int head = 0; head < HEADS; head++) {
                attend(queries[t], keys, values, t, head * HEAD, mixed);
            }
            add(x[t], times(name + "self_attn.o_proj.weight", mixed));
            double[] normed = norm(name + "post_attention_layernorm.weight", x[t]);
            double[] gate = times(name + "mlp.gate_proj.weight", normed);
            double[] up = times(name + "mlp.up_proj.weight", normed);
            for (int i = 0; i < gate.length; i++) {
                up[i] *= gate[i] / (1 + Math.exp(-gate[i]));
            }
            add(x[t], times(name + "mlp.down_proj.weight", up));
        }
    }

    private static void attend(double[] query, double[][] keys, double[][] values, int t, int from, double[] mixed) {
        double[] weights = new double[t + 1];
        double total = 0;
        for (int s = 0; s <= t; s++) {
            double score = 0;
            for (int d = 0; d < HEAD; d++) {
                score += query[from + d] * keys[s][d];
            }
            weights[s] = Math.exp(score / Math.sqrt(HEAD));
            total += weights[s];
        }
        for (int s = 0; s <= t; s++) {
            for (int d = 0; d < HEAD; d++) {
                mixed[from + d] += weights[s] / total * values[s][d];
            }
        }
    }

    /** Rotary positions: the first half of a head with its second half. */
    private static double[] turned(double[] x, int position) {
        double[] turned = new double[x.length];
        for (int from = 0; from < x.length; from += HEAD) {
            for (int d = 0; d < HEAD / 2; d++) {
                double angle = position * Math.pow(10000, -2.0 * d / HEAD);
                double a = x[from + d];
                double b = x[from + d + HEAD / 2];
                turned[from + d] = a * Math.cos(angle) - b * Math.sin(angle);
                turned[from + d + HEAD / 2] = b * Math.cos(angle) + a * Math.sin(angle);
            }
        }
        return turned;
    }

    private double[] norm(String name, double[] x) {
        double squares = 0;
        for (double one : x) {
            squares += one * one;
        }
        double scale = 1 / Math.sqrt(squares / x.length + 1e-5);
        double[] normed = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            normed[i] = x[i] * scale * weights.get(name)[i];
        }
        return normed;
    }

    private double[] times(String name, double[] x) {
        double[] weight = weights.get(name); // [N, K]
        double[] y = new double[weight.length / x.length];
        for (int n = 0; n < y.length; n++) {
            for (int k = 0; k < x.length; k++) {
                y[n] += weight[n * x.length + k] * x[k];
            }
        }
        return y;
    }

    private static void add(double[] x, double[] y) {
        for (int i = 0; i < x.length; i++) {
            x[i] += y[i];
        }
    }

    private static double[] row(double[] table, int row, int width) {
        double[] copy = new double[width];
        System.arraycopy(table, row * width, copy, 0, width);
        return copy;
    }
}
