// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.generation.TokenLogProb;
import dev.jacobian.transformer.generation.TokenScore;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Log-probabilities of tokens as OpenAI writes them, in its newer form (chat) and its older one (completions). */
final class TokenTexts {
    /** What stands for a log-probability of minus infinity, which JSON lacks: vLLM's number. */
    private static final double LEAST = -9999;

    private final Tokenizer tokenizer;

    TokenTexts(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** The text of a token; a part of a character shows as U+FFFD. */
    String text(int token) {
        return new String(tokenizer.bytesOf(token), StandardCharsets.UTF_8);
    }

    /** The newer form: one object for each token. */
    ArrayNode content(List<ChosenToken> tokens) {
        ArrayNode content = Json.object().arrayNode();
        for (ChosenToken token : tokens) {
            ObjectNode entry = entry(token.token(), token.logProb());
            ArrayNode likeliest = entry.putArray("top_logprobs");
            token.likeliest().forEach(other -> likeliest.add(entry(other.token(), other.logProb())));
            content.add(entry);
        }
        return content;
    }

    private ObjectNode entry(int token, float logProb) {
        byte[] bytes = tokenizer.bytesOf(token);
        ObjectNode entry = Json.object()
                .put("token", new String(bytes, StandardCharsets.UTF_8))
                .put("logprob", number(logProb));
        ArrayNode array = entry.putArray("bytes");
        for (byte b : bytes) {
            array.add(b & 0xFF);
        }
        return entry;
    }

    /**
     * The older form: four arrays of the same length.
     *
     * @param prompt tokens of a prompt that is repeated, of which the first has no log-probability
     * @param offset characters of the text before the chosen tokens
     */
    ObjectNode arrays(List<Echo.Scored> prompt, List<ChosenToken> tokens, int offset) {
        ObjectNode object = Json.object();
        ArrayNode texts = object.putArray("tokens");
        ArrayNode logProbs = object.putArray("token_logprobs");
        ArrayNode likeliest = object.putArray("top_logprobs");
        ArrayNode offsets = object.putArray("text_offset");
        for (Echo.Scored token : prompt) {
            texts.add(text(token.token()));
            offsets.add(token.offset());
            TokenScore score = token.score();
            if (score == null) {
                logProbs.addNull();
                likeliest.addNull();
            } else {
                logProbs.add(number(score.logProb()));
                others(likeliest.addObject(), score.likeliest());
            }
        }
        int at = offset;
        for (ChosenToken token : tokens) {
            String text = text(token.token());
            texts.add(text);
            logProbs.add(number(token.logProb()));
            others(likeliest.addObject(), token.likeliest());
            offsets.add(at);
            at += text.length();
        }
        return object;
    }

    private void others(ObjectNode into, List<TokenLogProb> likeliest) {
        likeliest.forEach(other -> into.put(text(other.token()), number(other.logProb())));
    }

    private static double number(float logProb) {
        return Math.max(LEAST, logProb);
    }
}
