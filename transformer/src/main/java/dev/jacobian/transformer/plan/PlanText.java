// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A plan in words, for people. Sizes are left to whoever prints them; what is said here is the form. */
public final class PlanText {
    /** Runs of layers that are listed before the rest is counted. */
    private static final int MOST_RUNS = 4;

    private PlanText() {}

    /** What is said of each layer, once for all layers of which it is true: {@code window 8; no window}. */
    public static String ofLayers(DecoderPlan plan, Function<LayerPlan, String> words) {
        return plan.layers().stream()
                .map(words)
                .distinct()
                .filter(said -> !said.isEmpty())
                .collect(Collectors.joining("; "));
    }

    /** The same with the layers of which it is true, where they differ: {@code window 8 (layers 0-2, 4-6); no window (layers 3, 7)}. */
    public static String ofLayersByNumber(DecoderPlan plan, Function<LayerPlan, String> words) {
        Map<String, List<Integer>> saying = new LinkedHashMap<>();
        for (int layer = 0; layer < plan.layers().size(); layer++) {
            saying.computeIfAbsent(words.apply(plan.layers().get(layer)), said -> new ArrayList<>())
                    .add(layer);
        }
        return saying.entrySet().stream()
                .filter(said -> !said.getKey().isEmpty())
                .map(said -> said.getKey() + (saying.size() == 1 ? "" : " (" + layers(said.getValue()) + ")"))
                .collect(Collectors.joining("; "));
    }

    /** Such as {@code layers 0-2, 4-6 and 21 more}. */
    private static String layers(List<Integer> numbers) {
        List<String> runs = new ArrayList<>();
        int told = 0;
        while (told < numbers.size() && runs.size() < MOST_RUNS) {
            int first = told;
            while (told + 1 < numbers.size() && numbers.get(told + 1) == numbers.get(told) + 1) {
                told++;
            }
            runs.add(numbers.get(first) + (told == first ? "" : "-" + numbers.get(told)));
            told++;
        }
        int left = numbers.size() - told;
        return (numbers.size() == 1 ? "layer " : "layers ")
                + String.join(", ", runs)
                + (left == 0 ? "" : " and " + left + " more");
    }

    /** Such as {@code RMSNorm before each branch}. */
    public static String norms(LayerPlan layer) {
        String where = switch (layer.residual().form()) {
            case PRE -> " before each branch";
            case POST -> " after each branch";
            case SANDWICH -> " before and after each branch";
            case PARALLEL -> " before each branch, branches in parallel";
            case PARALLEL_ONE_NORM -> " before both branches, in parallel";
        };
        float scale = layer.residual().scale();
        return norm(layer.norm()) + where + (scale == 1 ? "" : ", branches times " + scale);
    }

    /** Such as {@code RMSNorm}. */
    public static String norm(Norm norm) {
        String name = switch (norm) {
            case Norm.Rms rms -> "RMSNorm";
            case Norm.Layer layer -> layer.bias() ? "LayerNorm" : "LayerNorm without bias";
        };
        return switch (norm.gain()) {
            case WEIGHT -> name;
            case ONE_PLUS_WEIGHT -> name + " (1 + w)";
        };
    }

    /** What a mixer has beside heads, such as {@code bias on q, k, v} and {@code norm on q and k}. */
    public static List<String> mixer(Mixer mixer) {
        List<String> words = new ArrayList<>();
        switch (mixer) {
            case Attention.Grouped grouped -> {
                switch (grouped.biases()) {
                    case NONE -> {}
                    case INPUTS -> words.add("bias on q, k, v");
                    case ALL -> words.add("bias on q, k, v and output");
                }
                switch (grouped.headNorm()) {
                    case HeadNorm.None none -> {}
                    case HeadNorm.PerHead each -> words.add("norm on q and k, per head");
                    case HeadNorm.EachHead own -> words.add("norm on q and k, each head with a weight of its own");
                    case HeadNorm.AllHeads all -> words.add("norm on q and k, over all heads");
                }
                if (grouped.sinks()) {
                    words.add("sinks");
                }
                if (grouped.scale() != Attention.Grouped.usualScale(grouped.headDim())) {
                    words.add("scores times " + grouped.scale());
                }
                if (grouped.softCap() > 0) {
                    words.add("scores capped at " + grouped.softCap());
                }
            }
            case Attention.Latent latent -> {
                words.add((latent.queryRank() > 0 ? "queries of rank " + latent.queryRank() + ", " : "")
                        + "keys and values of rank " + latent.keyValueRank());
                if (latent.bias()) {
                    words.add("bias on projections down and output");
                }
            }
            case Attention.Gated gated -> {
                words.addAll(mixer(gated.grouped()));
                words.add("output times a sigmoid");
            }
            case Recurrence.ShortConvolution convolution ->
                words.add("gated convolution over " + convolution.taps() + " positions" + biases(convolution.biases()));
            case Recurrence.GatedDeltaNet net ->
                words.add("gated delta net, convolutions over " + net.taps() + " positions");
        }
        return words;
    }

    private static String biases(Biases biases) {
        return biases == Biases.NONE ? "" : ", biases";
    }

    /** Such as {@code window 8}; empty where there is none. */
    public static String window(Mixer mixer) {
        return switch (mixer) {
            case Attention.Grouped grouped -> grouped.window() == 0 ? "" : "window " + grouped.window();
            case Attention.Gated gated -> window(gated.grouped());
            case Attention.Latent latent -> "";
            case Recurrence recurrence -> "";
        };
    }

    /** How positions enter. */
    public static String positions(Mixer mixer) {
        return switch (mixer) {
            case Attention.Grouped grouped ->
                switch (grouped.positions()) {
                    case Positions.Rotary rotary -> rotary(rotary, grouped.headDim());
                    case Positions.GrowingQueries growing ->
                        rotary(growing.rotary(), grouped.headDim()) + ", queries times 1 + " + growing.beta()
                                + " · ln(1 + ⌊position / " + growing.period() + "⌋)";
                    case Positions.None none -> "none";
                };
            case Attention.Gated gated -> positions(gated.grouped());
            case Attention.Latent latent -> rotary(latent.rotary(), latent.keyDim());
            case Recurrence recurrence -> "order alone";
        };
    }

    private static String rotary(Positions.Rotary rotary, int headDim) {
        String name = rotary.dimensions() == headDim ? "rotary" : "rotary on " + rotary.dimensions() + " of " + headDim;
        return switch (rotary.pairing()) {
            case HALVES -> name;
            case NEIGHBOURS -> name + ", interleaved";
        };
    }

    /** Such as {@code gated, silu}. */
    public static String feedForward(FeedForward feedForward) {
        return switch (feedForward) {
            case FeedForward.Gated gated -> "gated, " + activation(gated.activation(), gated.biases(), "gate and up");
            case FeedForward.Plain plain -> "plain, " + activation(plain.activation(), plain.biases(), "up");
            case FeedForward.Experts experts -> experts(experts);
        };
    }

    /** Such as {@code 2 of 8 experts, softmax, weights adding up to 1}. */
    private static String experts(FeedForward.Experts experts) {
        List<String> words = new ArrayList<>();
        words.add(experts.router().perToken() + " of " + experts.count() + " experts");
        switch (experts.router()) {
            case Router.Softmax softmax ->
                words.add("softmax" + (softmax.normalized() ? " over the chosen" : "")
                        + (softmax.bias() ? " with bias" : ""));
            case Router.Sigmoid sigmoid -> {
                words.add("corrected sigmoid"
                        + (sigmoid.normalized()
                                ? ", weights adding up to " + sigmoid.scale()
                                : ", weights times " + sigmoid.scale()));
                if (sigmoid.groups() > 1) {
                    words.add(sigmoid.keptGroups() + " of " + sigmoid.groups() + " groups");
                }
            }
        }
        words.add(switch (experts.gating()) {
                    case SWIGLU -> "gated, silu";
                    case CLAMPED_SWIGLU -> "gated, clamped silu";
                }
                + (experts.biases() == Biases.NONE ? "" : ", biases"));
        experts.shared()
                .ifPresent(shared -> words.add("and one of " + shared.inner() + " for every token"
                        + (shared.gated() ? ", times a sigmoid" : "")));
        return String.join(", ", words);
    }

    private static String activation(Activation activation, Biases biases, String inputs) {
        return activation.name().toLowerCase(Locale.ROOT)
                + switch (biases) {
                    case NONE -> "";
                    case INPUTS -> ", bias on " + inputs;
                    case ALL -> ", biases";
                };
    }

    /** Such as {@code tied to the embedding}. */
    public static String head(Head head) {
        return switch (head) {
            case Head.Tokens own -> "of its own" + logits(own.logits());
            case Head.TiedTokens tied -> "tied to the embedding" + logits(tied.logits());
            case Head.Scores scores ->
                scores.labels() == 1 ? "one number per position" : scores.labels() + " numbers per position";
        };
    }

    private static String logits(Head.Logits logits) {
        return (logits.scale() == 1 ? "" : ", logits times " + logits.scale())
                + (logits.softCap() == 0 ? "" : ", logits capped at " + logits.softCap());
    }
}
