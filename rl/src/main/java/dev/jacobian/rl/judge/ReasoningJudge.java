// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.processor.GrammarMask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A language model as a judge that reasons first and then gives its verdict as JSON, the chain-of-thought reward model of Kimi k1.5 (arXiv
 * 2501.12599, 2.3.3): 1 for an answer that agrees with the reference, 0 for one that does not.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The reasoning is free and ends where the model ends it or its budget does. The verdict behind it is sampled under a grammar, so
 *       every judgement has one, also that of a model that would have gone on talking.
 *   <li>It is greedy, and so a function of the completion.
 *   <li>The reference answer is a column of the problem, which the policy never sees.
 * </ul>
 */
public final class ReasoningJudge implements BatchReward {
    /** What is asked: {@code {prompt}}, {@code {reference}} and {@code {response}} stand for the texts. */
    public static final String QUESTION = """
        You are given a question, a reference answer and a response. Decide whether the response's final answer agrees with the reference answer. Reason step by step, then give your verdict as JSON: {"correct": true} or {"correct": false}.

        Question:
        {prompt}

        Reference answer:
        {reference}

        Response:
        {response}
        """;

    private static final String VERDICT = "\n{\"correct\": ";
    private static final List<String> ANSWERS = List.of("true}", "false}");

    private final HeldModel model;
    private final String question;
    private final String reference;
    private final int reasoningTokens;

    /**
     * A judge.
     *
     * @param reference the column with the reference answer
     * @param reasoningTokens most tokens of a reasoning
     * @throws IllegalArgumentException if the model's head scores instead of predicting tokens
     */
    public ReasoningJudge(HeldModel model, String reference, int reasoningTokens) {
        this(model, QUESTION, reference, reasoningTokens);
    }

    /** The same with another question. */
    public ReasoningJudge(HeldModel model, String question, String reference, int reasoningTokens) {
        if (model.idle().labels() > 0) {
            throw new IllegalArgumentException(
                    "a judge that reasons is a language model, and this one scores sequences; use it as a RewardModel");
        }
        this.model = model;
        this.question = question;
        this.reference = reference;
        this.reasoningTokens = reasoningTokens;
    }

    /**
     * A judgement.
     *
     * @param reasoning what the model wrote
     * @param correct its verdict
     */
    public record Judgement(String reasoning, boolean correct) {}

    @Override
    public String name() {
        return "judge";
    }

    @Override
    public void requireUsable(Columns columns) {
        columns.string(reference);
    }

    @Override
    public List<List<Score>> score(List<Samples> groups) {
        List<Completion> all =
                groups.stream().flatMap(group -> group.completions().stream()).toList();
        List<Score> judged = model.use(here -> scores(here, all));
        List<List<Score>> scores = new ArrayList<>();
        int at = 0;
        for (Samples group : groups) {
            scores.add(judged.subList(at, at + group.completions().size()));
            at += group.completions().size();
        }
        return scores;
    }

    /** One that is too long for the judge is a failure by itself: it must not take the others along. */
    private List<Score> scores(CausalLM here, List<Completion> completions) {
        List<Optional<String>> tooLong = completions.stream()
                .map(completion -> tooLong(here, completion))
                .toList();
        List<Completion> fitting = IntStream.range(0, completions.size())
                .filter(i -> tooLong.get(i).isEmpty())
                .mapToObj(completions::get)
                .toList();
        Iterator<Judgement> judgements = (fitting.isEmpty() ? List.<Judgement>of() : judge(here, fitting)).iterator();
        return tooLong.stream()
                .map(wrong -> wrong.map(Score::failure)
                        .orElseGet(() -> Score.of(judgements.next().correct() ? 1 : 0)))
                .toList();
    }

    private Optional<String> tooLong(CausalLM here, Completion completion) {
        int asked = prompt(here, completion).length;
        int verdict = here.tokenizer().encode(VERDICT, false).length
                + ANSWERS.getLast().length()
                + 1;
        int positions = here.config().maxPositions();
        return asked + reasoningTokens + verdict <= positions
                ? Optional.empty()
                : Optional.of("its question has " + asked + " tokens and its answer up to "
                        + (reasoningTokens + verdict) + " (reasoning_tokens and a verdict), which is more than the"
                        + " judge's " + positions + " positions; take a judge with more, or shorten the answers");
    }

    /** Its model computes in this process. */
    @Override
    public Running running() {
        return Running.HERE;
    }

    /** What the judge writes of each completion. */
    public List<Judgement> judge(List<Completion> completions) {
        return model.use(here -> judge(here, completions));
    }

    private List<Judgement> judge(CausalLM here, List<Completion> completions) {
        List<int[]> prompts =
                completions.stream().map(completion -> prompt(here, completion)).toList();
        List<int[]> reasonings = generate(
                here,
                prompts,
                GenerationConfig.builder()
                        .maxNewTokens(reasoningTokens)
                        .doSample(false)
                        .build());
        List<int[]> asked = new ArrayList<>();
        int[] verdict = here.tokenizer().encode(VERDICT, false);
        for (int i = 0; i < prompts.size(); i++) {
            asked.add(joined(prompts.get(i), withoutEnd(here, reasonings.get(i)), verdict));
        }
        List<int[]> answers = generate(
                here,
                asked,
                GenerationConfig.builder()
                        .maxNewTokens(ANSWERS.getLast().length() + 1)
                        .doSample(false)
                        .processor(GrammarMask.of(here, Grammar.choice(ANSWERS)))
                        .build());
        List<Judgement> judgements = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            String reasoning = here.tokenizer().decode(withoutEnd(here, reasonings.get(i)), true);
            String answer = here.tokenizer().decode(withoutEnd(here, answers.get(i)), true);
            judgements.add(new Judgement(reasoning, answer.strip().startsWith("true")));
        }
        return judgements;
    }

    private static List<int[]> generate(CausalLM here, List<int[]> prompts, GenerationConfig config) {
        return new Generator(here)
                .generate(prompts, 1, config).stream()
                        .map(List::getFirst)
                        .map(Generation::tokenIds)
                        .toList();
    }

    private static int[] withoutEnd(CausalLM here, int[] tokens) {
        boolean ends = tokens.length > 0 && here.eosTokenIds().contains(tokens[tokens.length - 1]);
        return ends ? Arrays.copyOf(tokens, tokens.length - 1) : tokens;
    }

    private static int[] joined(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    private int[] prompt(CausalLM here, Completion completion) {
        String text = JudgeQuestion.of(question, completion, reference);
        Optional<ChatTemplate> template = ChatTemplate.of(here.tokenizer().config(), "the judge");
        return template.map(conversation(here, text))
                .orElseGet(() -> here.tokenizer().encodePrompt(text));
    }

    private static Function<ChatTemplate, int[]> conversation(CausalLM here, String text) {
        ArrayNode messages = Json.object().putArray("prompt");
        messages.addObject().put("role", "user").put("content", text);
        return template -> template.render(
                        ChatRow.read(Json.object().set("prompt", messages), "prompt", "the judge's question")
                                .prompt())
                .encode(here.tokenizer());
    }
}
