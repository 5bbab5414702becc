// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.generation.processor.CountPenalty;
import dev.jacobian.transformer.generation.processor.EpsilonCutoff;
import dev.jacobian.transformer.generation.processor.EtaCutoff;
import dev.jacobian.transformer.generation.processor.ExponentialDecay;
import dev.jacobian.transformer.generation.processor.ForcedBos;
import dev.jacobian.transformer.generation.processor.ForcedEos;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.MinLength;
import dev.jacobian.transformer.generation.processor.MinNewTokens;
import dev.jacobian.transformer.generation.processor.MinP;
import dev.jacobian.transformer.generation.processor.NoRepeatNgram;
import dev.jacobian.transformer.generation.processor.RemoveInvalid;
import dev.jacobian.transformer.generation.processor.Renormalize;
import dev.jacobian.transformer.generation.processor.RepetitionPenalty;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import dev.jacobian.transformer.generation.processor.SuppressAtBegin;
import dev.jacobian.transformer.generation.processor.SuppressTokens;
import dev.jacobian.transformer.generation.processor.Temperature;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import dev.jacobian.transformer.generation.processor.TopH;
import dev.jacobian.transformer.generation.processor.TopK;
import dev.jacobian.transformer.generation.processor.TopP;
import dev.jacobian.transformer.generation.processor.TypicalP;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every processor, alone and in generate's order, against what transformers (and for counts vLLM) makes of the same rows. */
class ProcessorsTest {
    private static final JsonNode GOLDEN = Json.read(TestPaths.testdata("processors", "logits_processors.json"));

    private static final Map<String, Class<? extends LogitsProcessor>> CLASSES = Map.ofEntries(
            Map.entry("TemperatureLogitsWarper", Temperature.class),
            Map.entry("TopKLogitsWarper", TopK.class),
            Map.entry("TopPLogitsWarper", TopP.class),
            Map.entry("MinPLogitsWarper", MinP.class),
            Map.entry("TypicalLogitsWarper", TypicalP.class),
            Map.entry("EpsilonLogitsWarper", EpsilonCutoff.class),
            Map.entry("EtaLogitsWarper", EtaCutoff.class),
            Map.entry("RepetitionPenaltyLogitsProcessor", RepetitionPenalty.class),
            Map.entry("NoRepeatNGramLogitsProcessor", NoRepeatNgram.class),
            Map.entry("MinNewTokensLengthLogitsProcessor", MinNewTokens.class),
            Map.entry("SuppressTokensLogitsProcessor", SuppressTokens.class),
            Map.entry("LogitNormalization", Renormalize.class));

    /** Processors that compute numbers with exponentials and logarithms, in which the last bits are nobody's promise. */
    private static final Set<String> TRANSCENDENTAL = Set.of("LogitNormalization");

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    static Stream<JsonNode> cases() {
        return stream(GOLDEN.get("cases"));
    }

    static Stream<JsonNode> combinations() {
        return stream(GOLDEN.get("generate_combinations"));
    }

    static Stream<JsonNode> counts() {
        return stream(GOLDEN.get("presence_frequency_penalty").get("cases"));
    }

    private static int[] ids(JsonNode node) {
        return node.isArray() ? TestJson.ints(node) : new int[] {node.intValue()};
    }

    private static LogitsProcessor processor(String name, JsonNode args) {
        int keep = args.path("min_tokens_to_keep").asInt(1);
        return switch (name) {
            case "TemperatureLogitsWarper" ->
                new Temperature(args.get("temperature").floatValue());
            case "TopKLogitsWarper" -> new TopK(args.get("top_k").intValue(), keep);
            case "TopPLogitsWarper" -> new TopP(args.get("top_p").floatValue(), keep);
            case "MinPLogitsWarper" -> new MinP(args.get("min_p").floatValue(), keep);
            case "TypicalLogitsWarper" -> new TypicalP(args.get("mass").floatValue(), keep);
            case "EpsilonLogitsWarper" -> new EpsilonCutoff(args.get("epsilon").floatValue(), keep);
            case "EtaLogitsWarper" -> new EtaCutoff(args.get("epsilon").floatValue(), keep);
            case "TopHLogitsWarper" -> new TopH(args.get("top_h").floatValue());
            case "RepetitionPenaltyLogitsProcessor" ->
                new RepetitionPenalty(args.get("penalty").floatValue());
            case "NoRepeatNGramLogitsProcessor" ->
                new NoRepeatNgram(args.get("ngram_size").intValue());
            case "MinLengthLogitsProcessor" ->
                new MinLength(args.get("min_length").intValue(), ids(args.get("eos_token_id")));
            case "MinNewTokensLengthLogitsProcessor" ->
                new MinNewTokens(args.get("min_new_tokens").intValue(), ids(args.get("eos_token_id")));
            case "ForcedEOSTokenLogitsProcessor" ->
                new ForcedEos(prompt -> args.get("max_length").intValue(), ids(args.get("eos_token_id")));
            case "ForcedBOSTokenLogitsProcessor" ->
                new ForcedBos(args.get("bos_token_id").intValue());
            case "SuppressTokensLogitsProcessor" -> new SuppressTokens(ids(args.get("suppress_tokens")));
            case "SuppressTokensAtBeginLogitsProcessor" ->
                new SuppressAtBegin(ids(args.get("begin_suppress_tokens")), false);
            case "SequenceBiasLogitsProcessor" ->
                new SequenceBias(stream(args.get("sequence_bias"))
                        .map(pair -> new SequenceBias.Bias(
                                ids(pair.get(0)), pair.get(1).floatValue()))
                        .toList());
            case "NoBadWordsLogitsProcessor" ->
                SequenceBias.badWords(
                        stream(args.get("bad_words_ids"))
                                .map(ProcessorsTest::ids)
                                .toList(),
                        ids(args.get("eos_token_id")));
            case "ExponentialDecayLengthPenalty" -> {
                JsonNode decay = args.get("exponential_decay_length_penalty");
                yield new ExponentialDecay(
                        decay.get(0).intValue(), decay.get(1).doubleValue(), ids(args.get("eos_token_id")));
            }
            case "LogitNormalization" -> new Renormalize();
            case "InfNanRemoveLogitsProcessor" -> new RemoveInvalid();
            default -> throw new AssertionError("no processor for " + name);
        };
    }

    /** How many of a case's tokens are the prompt: what the processor says, or as many as let it act at its begin index. */
    private static int promptLength(JsonNode args, int length) {
        if (args.has("begin_index")) {
            int begin = args.get("begin_index").intValue();
            return begin == length ? length : Math.min(begin, length - 1);
        }
        int said = args.path("prompt_length_to_skip")
                .asInt(args.path("input_ids_seq_length").asInt(length));
        return Math.min(said, length);
    }

    private static float[] row(JsonNode values) {
        float[] row = new float[values.size()];
        for (int i = 0; i < row.length; i++) {
            row[i] = values.get(i).isNull()
                    ? Float.NEGATIVE_INFINITY
                    : (float) values.get(i).doubleValue();
        }
        return row;
    }

    private static void check(JsonNode golden, int b, float[] actual, boolean tieDependent, double tolerance) {
        float[] expected = row(golden.get("output").get(b));
        if (tieDependent) {
            Arrays.sort(actual);
            Arrays.sort(expected);
        }
        for (int i = 0; i < expected.length; i++) {
            boolean same = actual[i] == expected[i]
                    || Math.abs(actual[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]));
            assertThat(same)
                    .as("row %d token %d: %s, expected %s", b, i, actual[i], expected[i])
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("one processor, to the bit where no exponential is computed")
    void single(JsonNode golden) {
        String name = golden.get("processor").textValue();
        JsonNode input = GOLDEN.get("inputs").get(golden.get("input").textValue());
        for (int b = 0; b < input.get("scores").size(); b++) {
            int[] tokens = TestJson.ints(input.get("input_ids").get(b));
            JsonNode args = golden.get("args");
            float[] actual = row(input.get("scores").get(b));
            int prompt = promptLength(args, tokens.length);
            processor(name, args).newSequence().process(new TokenHistory(tokens, prompt), actual);
            boolean ties = golden.path("tie_dependent").asBoolean();
            check(golden, b, actual, ties, TRANSCENDENTAL.contains(name) ? 2e-7 : 0);
        }
    }

    @ParameterizedTest
    @MethodSource("counts")
    @DisplayName("presence and frequency penalties count the continuation alone")
    void countPenalties(JsonNode golden) {
        JsonNode input = GOLDEN.get("inputs").get(golden.get("input").textValue());
        LogitsProcessor penalty = new CountPenalty(
                golden.get("presence_penalty").floatValue(),
                golden.get("frequency_penalty").floatValue());
        for (int b = 0; b < input.get("scores").size(); b++) {
            int[] tokens = TestJson.ints(input.get("input_ids").get(b));
            float[] actual = row(input.get("scores").get(b));
            penalty.process(new TokenHistory(tokens, golden.get("prompt_length").intValue()), actual);
            check(golden, b, actual, false, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    @DisplayName("a configuration gives generate's processors in generate's order, and its probabilities")
    void combined(JsonNode golden) {
        GenerationConfigBuilder builder = GenerationConfig.builder();
        golden.get("generation_config")
                .properties()
                .forEach(entry -> GenerationKeys.set(builder, entry.getKey(), entry.getValue(), "golden"));
        GenerationConfig config = builder.build();
        List<LogitsProcessor> order =
                ProcessorOrder.of(config, Set.of(golden.get("eos_token_id").intValue()));
        assertThat(order.stream().map(Object::getClass).toList())
                .isEqualTo(stream(golden.get("order"))
                        .map(name -> CLASSES.get(name.textValue()))
                        .toList());
        boolean logs = order.stream().anyMatch(Renormalize.class::isInstance);
        JsonNode input = GOLDEN.get("inputs").get(golden.get("input").textValue());
        for (int b = 0; b < input.get("scores").size(); b++) {
            int[] tokens = TestJson.ints(input.get("input_ids").get(b));
            TokenHistory history =
                    new TokenHistory(tokens, golden.get("prompt_length").intValue());
            float[] actual = row(input.get("scores").get(b));
            LogitsProcessor.chain(order).newSequence().process(history, actual);
            boolean ties = golden.get("input").textValue().equals("ties_and_masked")
                    && golden.get("generation_config").has("top_p");
            double[] p = SamplingFilters.probabilities(actual);
            check(golden, b, actual, ties, logs ? 2e-7 : 0);
            float[] probabilities = row(golden.get("probs").get(b));
            if (ties) {
                Arrays.sort(p);
                Arrays.sort(probabilities);
            }
            for (int i = 0; i < p.length; i++) {
                assertThat(p[i]).isCloseTo(probabilities[i], within(1e-6));
            }
            if (ProcessorOrder.kernelsSuffice(config) && config.doSample() && !ties) {
                assertThat(byKernelRules(config, tokens, row(input.get("scores").get(b))))
                        .as("what kernels do is the same")
                        .usingElementComparator((x, y) -> x.floatValue() == y.floatValue() ? 0 : 1)
                        .containsExactly(actual);
            }
        }
    }

    private static float[] byKernelRules(GenerationConfig config, int[] tokens, float[] row) {
        SamplingFilters.penalize(row, tokens, config.repetitionPenalty());
        return config.samplingFilters().apply(row);
    }

    @Test
    @DisplayName("the goldens are all there")
    void coverage() {
        assertThat(cases()).hasSize(240);
        assertThat(combinations()).hasSize(36);
        assertThat(counts()).hasSizeGreaterThan(5);
        assertThat(new ArrayList<>(CLASSES.values())).doesNotHaveDuplicates();
    }
}
