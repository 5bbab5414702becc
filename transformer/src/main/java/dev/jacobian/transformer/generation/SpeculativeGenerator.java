// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Generation that guesses several tokens cheaply and checks them in one pass of the model: speculative decoding, with a smaller
 * model or with what was said before (Leviathan et al. 2023; Saxena 2023). Decoding waits for weights to come from memory, and
 * a pass over six tokens brings them once.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The tokens and their log-probabilities are those of a {@link Generator}, bit for bit, greedy or sampled, with any
 *       processors: guesses change how long it takes and nothing else. That is possible because a row of a pass has the same bits alone and
 *       among others, and because what is drawn at a position is decided by its own random number: the model draws from
 *       its row what it would have drawn without guesses, and a guess that is the same has saved a pass.
 *   <li>Rejection sampling, which others use, keeps the distribution but not the tokens: a sample then depends on the draft model, on
 *       its tokens at a time, and on where in a round it stands. Here a seed means one text, and a draft model can be changed, or left
 *       out where a batch is large, without anybody seeing it. What it costs is guesses: a draft is accepted where both models draw
 *       the same, less often than where a coin decides. The draft model draws with the same random numbers to make that rare.
 *   <li>Continuations are computed one after the other. For many at a time an {@link Engine} is the better way to use a
 *       pass.
 *   <li>Guesses that are wrong are cut from the cache. Layers that carry a state cannot go back: there the state before the guesses is
 *       kept, and the right ones are computed once more.
 * </ul>
 */
public final class SpeculativeGenerator {
    private final CausalLM model;
    private final Speculation speculation;

    /** @throws IllegalArgumentException if the two models have different tokens */
    public SpeculativeGenerator(CausalLM model, Speculation speculation) {
        speculation.requireSameTokens(model);
        this.model = model;
        this.speculation = speculation;
    }

    /**
     * A continuation and how it came about.
     *
     * @param draftTokens tokens that were guessed
     * @param acceptedTokens those of them that were right
     */
    public record Speculated(Generation generation, int draftTokens, int acceptedTokens) {}

    /**
     * Answers several requests, each by its own settings.
     *
     * @return for each request its continuations in order
     * @throws IllegalArgumentException if a request cannot be done by the model, or searches with beams or contrast
     */
    public List<List<Speculated>> generate(List<GenerationRequest> requests) {
        EngineConfig limits = EngineConfig.DEFAULT.withMaxSequences(1).withKvCacheBytes(Budget.withoutPlan(model));
        try (Engine engine = new Engine(model, limits)) { // which checks requests
            List<Submission> all = new ArrayList<>();
            for (GenerationRequest request : requests) {
                requireTokenByToken(request.config().search());
                Submission submission = engine.submission(request, all.size());
                engine.check(submission);
                all.add(submission);
            }
            TokenChooser chooser = new TokenChooser(model, model.idsWithoutToken());
            return Workspace.currentOrNew()
                    .compute(() -> NoGrad.compute(() -> all.stream()
                            .map(submission -> new Round(engine, chooser, submission).run())
                            .toList()));
        }
    }

    private static void requireTokenByToken(SearchConfig search) {
        if (search.beams() || search.penaltyAlpha() > 0) {
            throw new IllegalArgumentException((search.beams() ? "num_beams" : "penalty_alpha")
                    + " does not go with guesses of a draft: nothing is chosen token by token; leave one of them out");
        }
    }

    /** All continuations of one request. */
    private final class Round {
        private final Engine engine;
        private final TokenChooser chooser;
        private final Submission submission;
        private final KvCache cache = model.newKvCache();
        private final boolean carriesStates = model.config().plan().isRecurrent();
        private final CachedSequence prompt = new CachedSequence(model, cache);
        private @Nullable CachedSequence draftPrompt;
        private int drafted;
        private int accepted;

        Round(Engine engine, TokenChooser chooser, Submission submission) {
            this.engine = engine;
            this.chooser = chooser;
            this.submission = submission;
        }

        List<Speculated> run() {
            int[] tokens = submission.request().prefix().tokens();
            int[] known = Arrays.copyOf(tokens, tokens.length - 1); // the last one goes with the first guesses
            if (known.length > 0) {
                Workspace.inner(() -> prompt.extend(known, 0));
            }
            CausalLM assistant = speculation.assistantModel();
            if (assistant != null) {
                CachedSequence place = new CachedSequence(assistant, assistant.newKvCache());
                if (known.length > 0) {
                    Workspace.inner(() -> place.extend(known, 0));
                }
                draftPrompt = place;
            }
            return IntStream.range(0, submission.request().samples())
                    .mapToObj(this::sample)
                    .toList();
        }

        private Drafter drafter() {
            CausalLM assistant = speculation.assistantModel();
            return assistant == null || draftPrompt == null
                    ? new PromptLookup(speculation.maxMatchingNgramSize())
                    : new DraftModel(
                            assistant,
                            new TokenChooser(assistant, model.idsWithoutToken()),
                            model.config().vocabularySize(),
                            draftPrompt.fork());
        }

        private Speculated sample(int number) {
            Sequence sequence = new Sequence(submission, number);
            Drafter drafter = drafter();
            drafted = 0;
            accepted = 0;
            CachedSequence[] place = {prompt.fork()};
            Optional<FinishReason> end = Optional.empty();
            while (end.isEmpty()) {
                List<FinishReason> ended = new ArrayList<>();
                Workspace.inner(() -> advance(sequence, drafter, place).ifPresent(ended::add));
                end = ended.stream().findFirst();
            }
            drafter.close();
            place[0].release();
            Generation generation = sequence.continuation().finish(end.get());
            submission.finish(number, generation);
            throwFailure();
            return new Speculated(generation, drafted, accepted);
        }

        /** Guesses tokens, checks them and takes those that are right and one more; why the sequence ends with it, if it does. */
        private Optional<FinishReason> advance(Sequence sequence, Drafter drafter, CachedSequence[] place) {
            int length = sequence.length();
            int most = most(sequence);
            int[] draft = most == 0 ? new int[0] : drafter.draft(sequence, most);
            throwFailure();
            int[] tokens = Arrays.copyOf(sequence.tokens(), length + draft.length);
            System.arraycopy(draft, 0, tokens, length, draft.length);
            Optional<CachedSequence> before =
                    carriesStates && draft.length > 0 ? Optional.of(place[0].fork()) : Optional.empty();
            CachedSequence.Rows rows = place[0].extend(tokens, length - 1);
            int[] wanted = IntStream.rangeClosed(0, draft.length)
                    .map(i -> rows.first() + i)
                    .toArray();
            Tensor logits = model.logits(rows.states(), wanted); // [draft + 1, V]
            Optional<FinishReason> end = Optional.empty();
            int right = 0;
            boolean goesOn = true;
            for (int i = 0; i <= draft.length && goesOn; i++) {
                Tensor row = logits.slice(0, i, i + 1).contiguous(); // [1, V]
                TokenChooser.Choices choice = chooser.choose(sequence, row);
                throwFailure();
                if (!Float.isFinite(choice.logProbs()[0])) {
                    throw engine.notFinite(sequence);
                }
                int token = choice.tokens()[0];
                end = sequence.accept(
                        token, choice.logProbs()[0], choice.likeliest().getFirst());
                throwFailure();
                boolean hit = i < draft.length && token == draft[i];
                right += hit ? 1 : 0;
                goesOn = hit && end.isEmpty();
            }
            drafted += draft.length;
            accepted += right;
            goBack(sequence, before, place);
            return end;
        }

        /** How many tokens it makes sense to guess: those behind the limit would be wrong, and so would be other rotations. */
        private int most(Sequence sequence) {
            int left = submission.limit() - sequence.continuation().chosen();
            int most = Math.min(speculation.numAssistantTokens(), left - 1);
            CausalLM assistant = speculation.assistantModel();
            int length = sequence.length();
            if (assistant != null) {
                most = Math.min(most, assistant.config().maxPositions() - length);
            }
            while (most > 0 && !model.config().plan().rotatesAlike(length, length + most)) {
                most--;
            }
            return Math.max(0, most);
        }

        /** Leaves in the cache what was chosen, but for the last token. */
        private void goBack(Sequence sequence, Optional<CachedSequence> before, CachedSequence[] place) {
            int right = sequence.length() - 1;
            if (place[0].length() > right && before.isPresent()) {
                place[0].release();
                place[0] = before.get();
                place[0].extend(Arrays.copyOf(sequence.tokens(), right), place[0].length());
            } else {
                before.ifPresent(CachedSequence::release);
                place[0].cut(right);
            }
        }

        private void throwFailure() {
            if (submission.result().isCompletedExceptionally()
                    && submission.result().exceptionNow() instanceof RuntimeException failure) {
                throw failure;
            }
        }
    }
}
