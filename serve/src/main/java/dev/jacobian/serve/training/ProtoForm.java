// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.protobuf.ProtoReader;
import dev.jacobian.io.protobuf.ProtoWriter;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.TokenLogProb;
import dev.jacobian.transformer.generation.TokenScore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Batches and results as protobuf, package {@code tinker_public}: what Tinker's own client sends and takes. Arrays are bytes,
 * little-endian.
 */
final class ProtoForm {
    static final String TYPE = "application/x-protobuf";
    static final String OUTPUT_TYPE = "ArrayRecord";
    private static final String WHERE = "the request's body";
    private static final int FLOAT32 = 1;
    private static final int INT64 = 2;
    private static final float NO_LOG_PROB = -99999f;

    private ProtoForm() {}

    /** @throws WebException if it is none */
    static ForwardRequest forward(byte[] body) {
        try {
            return read(body);
        } catch (FormatException e) {
            throw WebException.malformed(e.where() + " " + e.what());
        }
    }

    private static ForwardRequest read(byte[] body) {
        String model = "";
        OptionalInt number = OptionalInt.empty();
        List<Datum> data = new ArrayList<>();
        String loss = "";
        Map<String, Double> config = new TreeMap<>();
        boolean forwardOnly = false;
        ProtoReader in = new ProtoReader(body, WHERE);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> model = in.text();
                case 2 -> number = OptionalInt.of(in.varint32());
                case 3 -> data.add(datum(in.message(), data.size()));
                case 4 -> loss = in.text();
                case 5 -> setting(in.message(), config);
                case 6 -> forwardOnly = in.varint() != 0;
                default -> in.skip();
            }
        }
        return new ForwardRequest(model, number, Content.of(body), data, loss, config, forwardOnly);
    }

    private static void setting(ProtoReader in, Map<String, Double> config) {
        String key = "";
        double value = 0;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> key = in.text();
                case 2 -> value = in.number64();
                default -> in.skip();
            }
        }
        config.put(key, value);
    }

    private static Datum datum(ProtoReader in, int number) {
        DatumFields datum = new DatumFields(number);
        List<Integer> tokens = new ArrayList<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> chunk(in.message(), tokens, datum);
                case 2 -> input(in.message(), datum);
                default -> in.skip();
            }
        }
        datum.tokens(tokens.stream().mapToInt(Integer::intValue).toArray());
        return datum.build();
    }

    private static void chunk(ProtoReader in, List<Integer> tokens, DatumFields datum) {
        while (in.next()) {
            switch (in.field()) {
                case 1 -> text(in.message(), tokens, datum);
                case 2, 3 -> throw datum.wrong("has a chunk of a picture or of sound; only encoded text is taken");
                default -> in.skip();
            }
        }
    }

    private static void text(ProtoReader in, List<Integer> tokens, DatumFields datum) {
        while (in.next()) {
            if (in.field() == 1) {
                ByteBuffer bytes = whole(in.bytes(), Integer.BYTES, "tokens", datum);
                while (bytes.hasRemaining()) {
                    tokens.add(bytes.getInt());
                }
            } else {
                in.skip();
            }
        }
    }

    private static ByteBuffer whole(ByteBuffer bytes, int width, String name, DatumFields datum) {
        if (bytes.remaining() % width != 0) {
            throw datum.wrong("has " + bytes.remaining() + " bytes in '" + name + "', no multiple of " + width);
        }
        return bytes;
    }

    /** An entry of {@code loss_fn_inputs}. */
    private static void input(ProtoReader in, DatumFields datum) {
        String name = "";
        @Nullable ProtoReader tensor = null;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> name = in.text();
                case 2 -> tensor = in.message();
                default -> in.skip();
            }
        }
        datum.requireKnown(name);
        if (tensor == null) {
            throw datum.wrong("has no tensor for '" + name + "'");
        }
        tensor(tensor, name, datum);
    }

    private static void tensor(ProtoReader in, String name, DatumFields datum) {
        ByteBuffer dense = ByteBuffer.allocate(0);
        boolean sparse = false;
        int dtype = 0;
        List<Long> shape = new ArrayList<>();
        while (in.next()) {
            switch (in.field()) {
                case 1 -> dense = in.bytes();
                case 2 -> {
                    sparse = true;
                    in.skip();
                }
                case 3 -> dtype = in.varint32();
                case 4 -> shape.addAll(in.varints());
                default -> in.skip();
            }
        }
        boolean ids = DatumFields.isOfIds(name);
        int wanted = ids ? INT64 : FLOAT32;
        if (dtype != wanted) {
            throw datum.wrong("has '" + name + "' of dtype " + dtype + "; " + wanted + " ("
                    + (ids ? "int64" : "float32") + ") is taken");
        }
        ByteBuffer bytes = whole(dense, ids ? Long.BYTES : Float.BYTES, name, datum);
        int count = bytes.remaining() / (ids ? Long.BYTES : Float.BYTES);
        datum.requireOneEach(name, count, shape, sparse);
        if (ids) {
            datum.targets(ids(bytes, count, datum));
        } else {
            float[] values = new float[count];
            bytes.asFloatBuffer().get(values);
            datum.fact(name, values);
        }
    }

    private static int[] ids(ByteBuffer bytes, int count, DatumFields datum) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            long id = bytes.getLong();
            if (id != (int) id) {
                throw datum.wrong("has the id " + id + " in target_tokens, which is none");
            }
            ids[i] = (int) id;
        }
        return ids;
    }

    /** The form of a result that has one; others, and failures, are JSON for every client. */
    static Optional<byte[]> of(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Scores scores -> Optional.of(scores(scores));
            case Outcome.Samples samples -> Optional.of(samples(samples));
            case Outcome.Done done -> Optional.empty();
            case Outcome.Failed failed -> Optional.empty();
        };
    }

    private static byte[] scores(Outcome.Scores scores) {
        List<Datum> data = scores.scored().data();
        ByteBuffer offsets = little((data.size() + 1) * Long.BYTES).putLong(0);
        long end = 0;
        for (Datum datum : data) {
            end += (long) datum.count() * Float.BYTES;
            offsets.putLong(end);
        }
        ProtoWriter tensor = new ProtoWriter()
                .bytes(1, floats(scores.scored().logProbs()))
                .bytes(2, offsets.array())
                .varint(3, FLOAT32);
        ProtoWriter record = new ProtoWriter()
                .text(1, OUTPUT_TYPE)
                .message(2, new ProtoWriter().text(1, "logprobs").message(2, tensor))
                .varint(3, data.size());
        ProtoWriter output = new ProtoWriter().text(1, OUTPUT_TYPE).message(2, record);
        scores.metrics()
                .forEach((name, value) ->
                        output.message(3, new ProtoWriter().text(1, name).number(2, value)));
        return output.toBytes();
    }

    private static byte[] samples(Outcome.Samples samples) {
        ProtoWriter output = new ProtoWriter();
        for (Generation generation : samples.sequences()) {
            output.message(
                    1,
                    new ProtoWriter()
                            .varint(1, generation.finishReason().isCut() ? 1 : 0)
                            .bytes(2, ints(generation.tokenIds()))
                            .bytes(3, floats(generation.logProbs())));
        }
        samples.prompt().ifPresent(scores -> {
            float[] all = new float[scores.size() + 1];
            all[0] = Float.NaN;
            for (int t = 1; t < all.length; t++) {
                all[t] = scores.get(t - 1).logProb();
            }
            output.bytes(2, floats(all));
            if (samples.top() > 0) {
                output.message(3, top(scores, samples.top()));
            }
        });
        return output.toBytes();
    }

    private static ProtoWriter top(List<TokenScore> scores, int top) {
        int[] ids = new int[(scores.size() + 1) * top];
        float[] logProbs = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            int place = i / top - 1; // nothing is likely in the place of the first token
            List<TokenLogProb> likeliest =
                    place < 0 ? List.of() : scores.get(place).likeliest();
            boolean there = i % top < likeliest.size();
            ids[i] = there ? likeliest.get(i % top).token() : 0;
            logProbs[i] = there ? likeliest.get(i % top).logProb() : NO_LOG_PROB;
        }
        return new ProtoWriter()
                .bytes(1, ints(ids))
                .bytes(2, floats(logProbs))
                .varint(3, top)
                .varint(4, scores.size() + 1L);
    }

    private static byte[] ints(int[] values) {
        ByteBuffer bytes = little(values.length * Integer.BYTES);
        bytes.asIntBuffer().put(values);
        return bytes.array();
    }

    private static byte[] floats(float[] values) {
        ByteBuffer bytes = little(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
