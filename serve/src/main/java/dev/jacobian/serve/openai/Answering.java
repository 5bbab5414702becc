// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.io.chat.ToolCallParser;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import dev.jacobian.transformer.generation.Submission;
import dev.jacobian.transformer.generation.TokenLogProb;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Has the engine generate the choices of one request, and hands them on as they come.
 *
 * <p>Decisions: the engine's thread only puts tokens into a queue, so no client holds up another; the queue is bounded by the
 * limit of new tokens. What is drawn is keyed as {@code generate} keys it (seed, number of the prompt, number of the choice), so
 * the same seed gives the same tokens there and here. However the request ends, nothing of it goes on in the engine: a client that has gone
 * costs at most a beat's worth of tokens.
 */
final class Answering {
    private final ServedModel model;
    private final AnswerSettings settings;
    private final Optional<Supplier<ToolCallParser>> parsers;
    private final String opening;
    private final Counters counters;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /**
     * @param parsers make what takes calls out of an answer; empty if there are none to expect
     * @param opening what the prompt has of the answer already
     */
    Answering(
            ServedModel model,
            AnswerSettings settings,
            Optional<Supplier<ToolCallParser>> parsers,
            String opening,
            Counters counters) {
        this.model = model;
        this.settings = settings;
        this.parsers = parsers;
        this.opening = opening;
        this.counters = counters;
    }

    /** A token of a choice, or its end, or the failure of everything. */
    private record Event(
            int choice,
            @Nullable ChosenToken token,
            @Nullable FinishReason end,
            @Nullable Throwable failure) {}

    /**
     * Generates.
     *
     * @param prompts token ids
     * @param beat how often the client is shown that it is not forgotten, which shows whether it is still there
     * @throws IOException if the client has gone
     */
    void run(List<int[]> prompts, Duration beat, AnswerWriter out) throws IOException, InterruptedException {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            int[] prompt = prompts.get(p);
            requests.add(new GenerationRequest(
                    new Prefix(prompt, p),
                    settings.choices(),
                    settings.config(prompt.length),
                    GenerationRequest.NEVER,
                    new ToQueue(p * settings.choices())));
        }
        List<Submission> submissions = new ArrayList<>();
        try {
            AsyncEngine engine = model.engine();
            for (GenerationRequest request : requests) {
                submissions.add(submit(engine, request));
            }
            Usage usage = new Usage(
                    prompts.stream().mapToInt(p -> p.length).sum(),
                    pass(prompts.size() * settings.choices(), beat, out));
            counters.count(usage);
            out.end(usage);
        } catch (WebException e) {
            out.fail(e);
        } finally {
            submissions.forEach(Submission::cancel);
        }
    }

    private Submission submit(AsyncEngine engine, GenerationRequest request) {
        Submission submission = EngineErrors.told(() -> engine.submit(request));
        var unused = submission.result().whenComplete((result, failure) -> { // nothing follows on it
            if (failure != null) {
                events.add(new Event(0, null, null, failure));
            }
        });
        return submission;
    }

    /** Passes events on until all choices have ended; returns how many tokens they have. */
    private int pass(int count, Duration beat, AnswerWriter out) throws IOException, InterruptedException {
        List<ChoiceText> choices = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            AnswerText text =
                    new AnswerText(model.tokenizer(), parsers.isEmpty(), settings.stops(), settings.includeStop());
            choices.add(new ChoiceText(i, text, parsers.map(Supplier::get)));
            choices.get(i).begin(opening);
        }
        int tokens = 0;
        long nextBeat = System.nanoTime() + beat.toNanos();
        for (int open = count; open > 0; ) {
            Event event = events.poll(nextBeat - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (System.nanoTime() - nextBeat >= 0) { // also while tokens come: not all of them are written at once
                out.beat();
                nextBeat = System.nanoTime() + beat.toNanos();
            }
            if (event == null) {
                continue;
            }
            if (event.failure() != null) {
                throw EngineErrors.failed(event.failure());
            }
            ChoiceText choice = choices.get(event.choice());
            if (choice.isOver()) {
                continue; // behind a stop string
            }
            if (event.token() != null) {
                tokens++;
                out.add(choice.push(event.token(), isEnd(event.token().token())));
            } else if (event.end() != null) {
                out.add(choice.finish(event.end().label()));
            }
            if (choice.isOver()) {
                open--;
            }
        }
        return tokens;
    }

    private boolean isEnd(int token) {
        return !settings.ignoreEos() && model.model().eosTokenIds().contains(token);
    }

    /** Puts what the engine tells into the queue. */
    private final class ToQueue implements RequestListener {
        private final int first;

        ToQueue(int first) {
            this.first = first;
        }

        @Override
        public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
            events.add(new Event(first + sample, new ChosenToken(token, logProb, likeliest), null, null));
        }

        @Override
        public void onFinish(int sample, Generation generation) {
            events.add(new Event(first + sample, null, generation.finishReason(), null));
        }
    }
}
