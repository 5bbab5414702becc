// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.tokenizer.ByteLevelBpeTrainer;
import java.nio.file.Path;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Makes a byte-level BPE tokenizer from demonstrations, for a model that starts from random weights.
 *
 * <p>The end token is {@code <|endoftext|>}. The tags of reasoning and answer are tokens of their own but not special, as in
 * Qwen3: they are part of the text that rewards read.
 */
public final class DemonstrationTokenizer {
    /** Ends a completion. */
    public static final String END = "<|endoftext|>";

    private static final String[] TAGS = {"<think>", "</think>", "<answer>", "</answer>"};
    private static final int EXAMPLES = 4000;
    private static final long SEED = 99;

    private DemonstrationTokenizer() {}

    /** Trains on the first examples of the data and writes tokenizer.json and tokenizer_config.json into a folder. */
    public static void write(SftDataset data, int vocabularySize, Path folder) {
        String[] added = Stream.concat(Stream.of(END), Stream.of(TAGS)).toArray(String[]::new);
        Stream<String> texts = LongStream.range(0, EXAMPLES)
                .mapToObj(i -> data.example(SEED, i))
                .map(example -> example.prompt() + example.completion());
        ByteLevelBpeTrainer.Result result = ByteLevelBpeTrainer.train(
                texts, ByteLevelBpeTrainer.Settings.of(vocabularySize, ByteLevelBpeTrainer.Splitting.LLAMA3, added));
        result.tokenizer().path("added_tokens").forEach(token -> {
            if (!token.path("content").asText().equals(END)) {
                ((ObjectNode) token).put("special", false);
            }
        });
        result.write(folder);
    }
}
