// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** What is read off hidden states. */
public sealed interface Head {
    /** Logits of the next token from a matrix [V, D] of its own. */
    record Tokens(Logits logits) implements Head {
        /** Logits as the matrix gives them. */
        public Tokens() {
            this(Logits.PLAIN);
        }
    }

    /** Logits of the next token from the embedding's table. */
    record TiedTokens(Logits logits) implements Head {
        /** Logits as the table gives them. */
        public TiedTokens() {
            this(Logits.PLAIN);
        }
    }

    /**
     * One number per label, from a matrix [labels, D]: a reward at the end of a sequence or a value of every position (one label), or the
     * logits of a classifier. In Hugging Face's form {@code ForSequenceClassification}, or {@code ForTokenClassification} with a bias.
     *
     * @param labels numbers per position
     * @param bias whether something is added to each
     */
    record Scores(int labels, boolean bias) implements Head {
        /** What scores whole sequences with one number. */
        public static final Scores REWARD = new Scores(1, false);

        public Scores {
            if (labels < 1 || labels > MAX_LABELS) {
                throw new IllegalArgumentException(
                        "a head that scores has 1 to " + MAX_LABELS + " labels, not " + labels);
            }
        }
    }

    /** Most labels of a head that scores: far more than any has. */
    int MAX_LABELS = 1 << 16;

    /** The same with its logits in a form; what has no logits stays as it is. */
    default Head logits(Logits form) {
        return switch (this) {
            case Tokens own -> new Tokens(form);
            case TiedTokens tied -> new TiedTokens(form);
            case Scores scores -> scores;
        };
    }

    /**
     * What becomes of products z of hidden states and the matrix: {@code cap · tanh(scale · z / cap)}.
     *
     * @param scale factor on each product (Granite, Cohere), 1 in most families
     * @param softCap bound of the logits (Gemma 2), 0 for none
     */
    record Logits(float scale, float softCap) {
        /** Logits are the products. */
        public static final Logits PLAIN = new Logits(1, 0);

        /** Products times a factor. */
        public static Logits scaled(float scale) {
            return new Logits(scale, 0);
        }

        /** Products under a cap. */
        public static Logits capped(float softCap) {
            return new Logits(1, softCap);
        }
    }
}
