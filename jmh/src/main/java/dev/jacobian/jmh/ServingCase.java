// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Rng;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What clients ask a server: prompts and answers of mixed lengths, every prompt one that nobody had before.
 *
 * @param model the model; its sequences are clients, its length the requests of each in one call
 */
record ServingCase(ModelCase model) {
    private static final int[] PROMPTS = {16, 32, 64, 128, 256};
    private static final int[] ANSWERS = {8, 16, 32, 64, 96};

    /**
     * One request.
     *
     * @param prompt token ids
     * @param newTokens how many tokens the answer has, whatever they are
     */
    record Request(int[] prompt, int newTokens) {}

    /** Reads {@code MODEL CLIENTSxREQUESTS [FORMAT]}. */
    static ServingCase parse(String text) {
        return new ServingCase(ModelCase.parse(text));
    }

    int clients() {
        return model.sequences();
    }

    /** Requests of all clients in one call. */
    int count() {
        return model.sequences() * model.length();
    }

    /** Positions that the longest request takes. */
    static int longest() {
        return PROMPTS[PROMPTS.length - 1] + ANSWERS[ANSWERS.length - 1];
    }

    /** The requests of a call: of the same lengths in every call, with other tokens. */
    List<Request> requests(long call) {
        Rng lengths = new Rng(13, 0);
        Rng tokens = new Rng(17, call);
        List<Request> requests = new ArrayList<>();
        for (int r = 0; r < count(); r++) {
            int[] prompt = new int[PROMPTS[lengths.nextInt(PROMPTS.length)]];
            for (int t = 0; t < prompt.length; t++) {
                prompt[t] = tokens.nextInt(model.shape().vocabulary());
            }
            requests.add(new Request(prompt, ANSWERS[lengths.nextInt(ANSWERS.length)]));
        }
        return requests;
    }

    /** Tokens of all answers of a call. */
    double tokenCount() {
        return requests(0).stream().mapToInt(Request::newTokens).sum();
    }

    /** The file that all sides serve; written on first use. */
    Path file() throws IOException {
        Path file = Folders.scratch().resolve("llama-" + model.shape().name() + "-" + model.format() + ".gguf");
        GgufWriter.write(file, model.shape(), model.format());
        return file;
    }
}
