// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.tensor.Nullable;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** Finds added tokens in text: the leftmost match, and of those that start there the longest. A trie over chars. */
final class AddedTokenMatcher {
    private final Node root = new Node();

    /** Receives a text in order, cut into added tokens and what lies between them. */
    interface Sink {
        /** An added token. */
        void token(AddedToken token);

        /** Text without added tokens, never empty, that starts at {@code offset} of the text searched. */
        void text(String text, int offset);
    }

    /**
     * @param tokens what to look for
     * @param spelling how a token is spelled in the text searched: as it is, or normalised
     */
    AddedTokenMatcher(List<AddedToken> tokens, UnaryOperator<String> spelling) {
        for (AddedToken token : tokens) {
            String spelled = spelling.apply(token.content());
            Node node = root;
            for (int i = 0; i < spelled.length(); i++) {
                node = node.childOrNew(spelled.charAt(i));
            }
            if (node != root) {
                node.token = token;
            }
        }
    }

    /** Cuts up a text. */
    void split(String text, Sink sink) {
        int done = 0;
        for (int at = 0; at < text.length(); ) {
            AddedToken token = null;
            int end = at;
            Node node = root;
            for (int i = at; i < text.length() && (node = node.child(text.charAt(i))) != null; i++) {
                if (node.token != null) {
                    token = node.token;
                    end = i + 1;
                }
            }
            if (token == null) {
                at++;
                continue;
            }
            int start = at;
            at = end; // also after a match that is not taken: the search goes on behind it
            if (token.singleWord() && touchesWord(text, start, end)) {
                continue;
            }
            if (token.lstrip()) {
                while (start > done && Characters.isWhitespace(text.charAt(start - 1))) {
                    start--;
                }
            }
            if (token.rstrip()) {
                while (end < text.length() && Characters.isWhitespace(text.charAt(end))) {
                    end++;
                }
            }
            if (start > done) {
                sink.text(text.substring(done, start), done);
            }
            sink.token(token);
            done = end;
        }
        if (done < text.length()) {
            sink.text(done == 0 ? text : text.substring(done), done);
        }
    }

    private static boolean touchesWord(String text, int start, int end) {
        return start > 0 && Characters.isWord(text.codePointBefore(start))
                || end < text.length() && Characters.isWord(text.codePointAt(end));
    }

    private static final class Node {
        private char[] labels = {}; // increasing
        private Node[] children = {};
        private @Nullable AddedToken token;

        @Nullable
        Node child(char label) {
            int i = Arrays.binarySearch(labels, label);
            return i < 0 ? null : children[i];
        }

        Node childOrNew(char label) {
            int i = Arrays.binarySearch(labels, label);
            if (i >= 0) {
                return children[i];
            }
            int at = -i - 1;
            labels = Arrays.copyOf(labels, labels.length + 1);
            children = Arrays.copyOf(children, children.length + 1);
            System.arraycopy(labels, at, labels, at + 1, labels.length - 1 - at);
            System.arraycopy(children, at, children, at + 1, children.length - 1 - at);
            labels[at] = label;
            children[at] = new Node();
            return children[at];
        }
    }
}
