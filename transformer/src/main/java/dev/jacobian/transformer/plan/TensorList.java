// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.ArrayList;
import java.util.List;

/** Lists the tensors of a plan: what each part has, and where the family's names put it. */
final class TensorList {
    private final CheckpointNames names;
    private final List<TensorSpec> specs = new ArrayList<>();

    /** A tensor that has no place yet. */
    private record Piece(Role role, Kind kind, List<Integer> extents) {
        int rows() {
            return extents.get(kind.isStack() ? 1 : 0);
        }
    }

    private TensorList(CheckpointNames names) {
        this.names = names;
    }

    static List<TensorSpec> of(DecoderPlan plan) {
        TensorList list = new TensorList(plan.names());
        int d = plan.width();
        int vocabulary = plan.embedding().vocabulary();
        list.place(TensorSpec.NO_LAYER, List.of(new Piece(Role.EMBEDDING, Kind.TABLE, List.of(vocabulary, d))));
        int positions = plan.embedding().learnedPositions();
        if (positions > 0) {
            Piece table = new Piece(Role.POSITION_EMBEDDING, Kind.TABLE, List.of(positions, d));
            list.place(TensorSpec.NO_LAYER, List.of(table));
        }
        for (int layer = 0; layer < plan.layers().size(); layer++) {
            list.place(layer, layer(plan.layers().get(layer), d));
        }
        list.place(TensorSpec.NO_LAYER, norm(plan.finalNorm(), Role.FINAL_NORM, d));
        list.place(TensorSpec.NO_LAYER, head(plan.head(), vocabulary, d));
        return List.copyOf(list.specs);
    }

    private static List<Piece> layer(LayerPlan layer, int d) {
        Residual.Form form = layer.residual().form();
        List<Piece> pieces = new ArrayList<>();
        if (form.normsAttentionInput()) {
            pieces.addAll(norm(layer.norm(), Role.ATTENTION_NORM, d));
        }
        pieces.addAll(mixer(layer.mixer(), d));
        if (form.normsOutputs()) {
            pieces.addAll(norm(layer.norm(), Role.ATTENTION_POST_NORM, d));
        }
        if (form.normsFeedForwardInput()) {
            pieces.addAll(norm(layer.norm(), Role.FEED_FORWARD_NORM, d));
        }
        pieces.addAll(feedForward(layer.feedForward(), d));
        if (form.normsOutputs()) {
            pieces.addAll(norm(layer.norm(), Role.FEED_FORWARD_POST_NORM, d));
        }
        return pieces;
    }

    private static List<Piece> mixer(Mixer mixer, int d) {
        return switch (mixer) {
            case Attention.Grouped a -> {
                int queries = a.heads() * a.headDim();
                int keys = a.kvHeads() * a.headDim();
                List<Piece> pieces = new ArrayList<>();
                pieces.addAll(linear(Role.QUERY, queries, d, a.biases().onInputs()));
                pieces.addAll(linear(Role.KEY, keys, d, a.biases().onInputs()));
                pieces.addAll(linear(Role.VALUE, keys, d, a.biases().onInputs()));
                pieces.addAll(linear(Role.OUTPUT, d, queries, a.biases().onOutput()));
                if (a.sinks()) {
                    pieces.add(new Piece(Role.SINKS, Kind.PER_HEAD, List.of(a.heads())));
                }
                switch (a.headNorm()) {
                    case HeadNorm.None none -> {}
                    case HeadNorm.PerHead each -> {
                        pieces.addAll(norm(each.norm(), Role.QUERY_NORM, a.headDim()));
                        pieces.addAll(norm(each.norm(), Role.KEY_NORM, a.headDim()));
                    }
                    case HeadNorm.EachHead own -> {
                        pieces.add(new Piece(Role.QUERY_NORM, Kind.HEAD_GAINS, List.of(a.heads(), a.headDim())));
                        pieces.add(new Piece(Role.KEY_NORM, Kind.HEAD_GAINS, List.of(a.kvHeads(), a.headDim())));
                    }
                    case HeadNorm.AllHeads all -> {
                        pieces.addAll(norm(all.norm(), Role.QUERY_NORM, queries));
                        pieces.addAll(norm(all.norm(), Role.KEY_NORM, keys));
                    }
                }
                yield pieces;
            }
            case Attention.Latent latent -> latent(latent, d);
            case Attention.Gated gated -> {
                Attention.Grouped a = gated.grouped();
                List<Piece> pieces = new ArrayList<>(mixer(a, d));
                pieces.addAll(linear(
                        Role.OUTPUT_GATE, a.heads() * a.headDim(), d, a.biases().onInputs()));
                yield pieces;
            }
            case Recurrence.ShortConvolution c -> {
                List<Piece> pieces = new ArrayList<>();
                pieces.addAll(linear(Role.CONVOLUTION_IN_GATE, d, d, c.biases().onInputs()));
                pieces.addAll(linear(Role.CONVOLUTION_OUT_GATE, d, d, c.biases().onInputs()));
                pieces.addAll(linear(Role.CONVOLUTION_INPUT, d, d, c.biases().onInputs()));
                pieces.add(taps(Role.CONVOLUTION_TAPS, d, c.taps()));
                if (c.biases().onInputs()) {
                    pieces.add(new Piece(Role.CONVOLUTION_TAPS, Kind.BIAS, List.of(d)));
                }
                pieces.addAll(linear(Role.CONVOLUTION_OUTPUT, d, d, c.biases().onOutput()));
                yield pieces;
            }
            case Recurrence.GatedDeltaNet net -> {
                List<Piece> pieces = new ArrayList<>();
                pieces.addAll(linear(Role.DELTA_QUERY, net.keyWidth(), d, false));
                pieces.addAll(linear(Role.DELTA_KEY, net.keyWidth(), d, false));
                pieces.addAll(linear(Role.DELTA_VALUE, net.valueWidth(), d, false));
                pieces.addAll(linear(Role.DELTA_GATE, net.valueWidth(), d, false));
                pieces.addAll(linear(Role.DELTA_STRENGTH, net.heads(), d, false));
                pieces.addAll(linear(Role.DELTA_DECAY, net.heads(), d, false));
                pieces.add(new Piece(Role.DELTA_DECAY_BIAS, Kind.PER_HEAD, List.of(net.heads())));
                pieces.add(new Piece(Role.DELTA_LOG_RATE, Kind.PER_HEAD, List.of(net.heads())));
                pieces.add(taps(Role.DELTA_QUERY_TAPS, net.keyWidth(), net.taps()));
                pieces.add(taps(Role.DELTA_KEY_TAPS, net.keyWidth(), net.taps()));
                pieces.add(taps(Role.DELTA_VALUE_TAPS, net.valueWidth(), net.taps()));
                pieces.addAll(norm(net.norm(), Role.DELTA_NORM, net.valueDim()));
                pieces.addAll(linear(Role.DELTA_OUTPUT, d, net.valueWidth(), false));
                yield pieces;
            }
        };
    }

    private static Piece taps(Role role, int channels, int count) {
        return new Piece(role, Kind.TAPS, List.of(channels, 1, count));
    }

    private static List<Piece> feedForward(FeedForward feedForward, int d) {
        return switch (feedForward) {
            case FeedForward.Gated gated -> {
                List<Piece> pieces = new ArrayList<>();
                pieces.addAll(linear(Role.GATE, gated.inner(), d, gated.biases().onInputs()));
                pieces.addAll(linear(Role.UP, gated.inner(), d, gated.biases().onInputs()));
                pieces.addAll(linear(Role.DOWN, d, gated.inner(), gated.biases().onOutput()));
                yield pieces;
            }
            case FeedForward.Plain plain -> {
                List<Piece> pieces = new ArrayList<>();
                pieces.addAll(linear(Role.UP, plain.inner(), d, plain.biases().onInputs()));
                pieces.addAll(linear(Role.DOWN, d, plain.inner(), plain.biases().onOutput()));
                yield pieces;
            }
            case FeedForward.Experts experts -> experts(experts, d);
        };
    }

    private static List<Piece> latent(Attention.Latent a, int d) {
        List<Piece> pieces = new ArrayList<>();
        int queryInputs = d;
        if (a.queryRank() > 0) {
            pieces.addAll(linear(Role.QUERY_LATENT, a.queryRank(), d, a.bias()));
            pieces.addAll(norm(a.norm(), Role.QUERY_LATENT_NORM, a.queryRank()));
            queryInputs = a.queryRank();
        }
        int rotated = a.rotary().dimensions();
        pieces.addAll(linear(Role.QUERY_PLAIN, a.heads() * a.plainDim(), queryInputs, false));
        pieces.addAll(linear(Role.QUERY_ROTARY, a.heads() * rotated, queryInputs, false));
        pieces.addAll(linear(Role.KEY_VALUE_LATENT, a.keyValueRank(), d, a.bias()));
        pieces.addAll(linear(Role.KEY_ROTARY, rotated, d, a.bias()));
        pieces.addAll(norm(a.norm(), Role.KEY_VALUE_LATENT_NORM, a.keyValueRank()));
        pieces.addAll(linear(Role.KEY_PLAIN, a.heads() * a.plainDim(), a.keyValueRank(), false));
        pieces.addAll(linear(Role.VALUE, a.heads() * a.valueDim(), a.keyValueRank(), false));
        pieces.addAll(linear(Role.OUTPUT, d, a.heads() * a.valueDim(), a.bias()));
        return pieces;
    }

    private static List<Piece> experts(FeedForward.Experts experts, int d) {
        List<Piece> pieces = new ArrayList<>();
        int count = experts.count();
        boolean bias = experts.router() instanceof Router.Softmax softmax && softmax.bias();
        pieces.addAll(linear(Role.ROUTER, count, d, bias));
        if (experts.router() instanceof Router.Sigmoid) {
            pieces.add(new Piece(Role.ROUTER_CORRECTION, Kind.BUFFER, List.of(count)));
        }
        int inner = experts.inner();
        Biases biases = experts.biases();
        pieces.addAll(stack(Role.EXPERT_GATE, count, inner, d, biases.onInputs()));
        pieces.addAll(stack(Role.EXPERT_UP, count, inner, d, biases.onInputs()));
        pieces.addAll(stack(Role.EXPERT_DOWN, count, d, inner, biases.onOutput()));
        experts.shared().ifPresent(shared -> {
            pieces.addAll(linear(Role.SHARED_GATE, shared.inner(), d, false));
            pieces.addAll(linear(Role.SHARED_UP, shared.inner(), d, false));
            pieces.addAll(linear(Role.SHARED_DOWN, d, shared.inner(), false));
            if (shared.gated()) {
                pieces.addAll(linear(Role.SHARED_WEIGHT, 1, d, false));
            }
        });
        return pieces;
    }

    private static List<Piece> head(Head head, int vocabulary, int d) {
        return switch (head) {
            case Head.Tokens tokens -> linear(Role.HEAD, vocabulary, d, false);
            case Head.TiedTokens tied -> List.of();
            case Head.Scores scores -> linear(Role.SCORE, scores.labels(), d, scores.bias());
        };
    }

    private static List<Piece> norm(Norm norm, Role role, int width) {
        return switch (norm) {
            case Norm.Rms rms -> List.of(gain(rms, role, width));
            case Norm.Layer layer -> {
                Piece gain = gain(layer, role, width);
                yield layer.bias() ? List.of(gain, new Piece(role, Kind.BIAS, List.of(width))) : List.of(gain);
            }
        };
    }

    private static Piece gain(Norm norm, Role role, int width) {
        Kind kind = switch (norm.gain()) {
            case WEIGHT -> Kind.GAIN;
            case ONE_PLUS_WEIGHT -> Kind.GAIN_LESS_ONE;
        };
        return new Piece(role, kind, List.of(width));
    }

    private static List<Piece> linear(Role role, int outputs, int inputs, boolean bias) {
        Piece weight = new Piece(role, Kind.MATRIX, List.of(outputs, inputs));
        return bias ? List.of(weight, new Piece(role, Kind.BIAS, List.of(outputs))) : List.of(weight);
    }

    private static List<Piece> stack(Role role, int count, int outputs, int inputs, boolean bias) {
        Piece weight = new Piece(role, Kind.EXPERTS, List.of(count, outputs, inputs));
        return bias ? List.of(weight, new Piece(role, Kind.EXPERT_BIASES, List.of(count, outputs))) : List.of(weight);
    }

    /** Gives the tensors of one layer their places. */
    private void place(int layer, List<Piece> pieces) {
        for (Piece piece : pieces) {
            CheckpointNames.Place place = names.place(piece.role());
            String module = place.module().replace("{}", Integer.toString(layer));
            String stored = module + suffix(piece.kind(), module);
            Layout layout = layout(stored, place, piece, pieces);
            String name = layout.rows() == piece.rows() ? stored : stored + "[" + piece.role() + "]";
            specs.add(new TensorSpec(piece.role(), piece.kind(), layer, name, piece.extents(), layout));
        }
    }

    private static Layout layout(String stored, CheckpointNames.Place place, Piece piece, List<Piece> pieces) {
        int own = piece.rows();
        Layout.Order order = piece.kind().isMatrix() ? place.order() : Layout.Order.PLAIN;
        if (place.shared().size() == 1) {
            return Layout.whole(stored, order, own);
        }
        int before = 0;
        int all = 0;
        for (Role role : place.shared()) {
            if (role == piece.role()) {
                before = all;
            }
            all += rows(role, piece.kind(), pieces);
        }
        List<Integer> blocks = place.blocks();
        if (blocks.isEmpty()) {
            return new Layout(stored, order, all, before, own, own);
        }
        int index = place.shared().indexOf(piece.role());
        int block = blocks.get(index);
        int turn = sum(blocks);
        if (own % block != 0 || (long) own / block * turn != all) {
            throw new IllegalArgumentException(stored + " takes turns of " + block + " rows, which tensors of " + own
                    + " among " + all + " rows do not divide into");
        }
        return new Layout(stored, order, all, sum(blocks.subList(0, index)), block, turn);
    }

    private static int sum(List<Integer> blocks) {
        return blocks.stream().mapToInt(Integer::intValue).sum();
    }

    private static int rows(Role role, Kind kind, List<Piece> pieces) {
        return pieces.stream()
                .filter(piece -> piece.role() == role && piece.kind() == kind)
                .mapToInt(Piece::rows)
                .sum();
    }

    private static String suffix(Kind kind, String module) {
        boolean split = module.contains(Layout.EACH);
        return switch (kind) {
            case TABLE, MATRIX, GAIN, GAIN_LESS_ONE, HEAD_GAINS, TAPS -> ".weight";
            case BIAS -> ".bias";
            case EXPERTS -> split ? ".weight" : "";
            case EXPERT_BIASES -> split ? ".bias" : "_bias";
            case BUFFER, PER_HEAD -> "";
        };
    }
}
