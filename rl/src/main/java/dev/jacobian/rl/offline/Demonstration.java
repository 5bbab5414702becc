// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.io.spill.RecordReader;
import dev.jacobian.io.spill.RecordWriter;
import dev.jacobian.rl.sft.ExampleTokens;
import java.util.ArrayList;
import java.util.List;

/**
 * What supervised fine-tuning learns from: one document, or several that share a row of a packed data set.
 *
 * @param documents tokens and which of them are learned; documents do not see each other
 */
public record Demonstration(List<ExampleTokens.Encoded> documents) {
    /** How they are kept. */
    static final RecordCodec<Demonstration> CODEC = RecordCodec.of(Demonstration::write, Demonstration::read);

    private static void write(Demonstration example, RecordWriter out) {
        out.integer(example.documents.size());
        example.documents.forEach(document -> ExampleTokens.Encoded.CODEC.write(document, out));
    }

    private static Demonstration read(RecordReader in) {
        int count = in.integer();
        List<ExampleTokens.Encoded> documents = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            documents.add(ExampleTokens.Encoded.CODEC.read(in));
        }
        return new Demonstration(documents);
    }

    public Demonstration {
        documents = List.copyOf(documents);
    }

    /** Tokens of all documents. */
    public int length() {
        return documents.stream().mapToInt(document -> document.tokens().length).sum();
    }

    /** Tokens that are learned and that another one predicts. */
    public int labels() {
        return documents.stream()
                .mapToInt(document ->
                        document.learned().cardinality() - (document.learned().get(0) ? 1 : 0))
                .sum();
    }
}
