// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.FrozenWeight;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Whole models with weights in every format. */
class WeightFormatTest {
    @TempDir
    Path temporary;

    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    private static Path golden(String name) {
        return TestPaths.model(name);
    }

    @Test
    @DisplayName("a BF16 checkpoint loaded as BF16: the same logits bit for bit")
    void bfloat16IsExact() {
        Path folder = golden("llama-llama3rope-bf16");
        CausalLM wide = CausalLM.load(folder);
        CausalLM narrow = CausalLM.load(folder, WeightFormat.BF16);
        int[] tokens = TestModels.tokens(1, 40, wide.config().vocabularySize());
        assertBits(
                "logits",
                narrow.logits(tokens).toFloatArray(),
                wide.logits(tokens).toFloatArray());
        GenerationConfig sampling = GenerationConfig.sampling(20, 0.9f, 5);
        Generation expected = new Generator(wide)
                .generate(List.of(tokens), 1, sampling)
                .get(0)
                .get(0);
        Generation actual = new Generator(narrow)
                .generate(List.of(tokens), 1, sampling)
                .get(0)
                .get(0);
        assertThat(actual.tokenIds()).isEqualTo(expected.tokenIds());
        assertBits("log-probabilities", actual.logProbs(), expected.logProbs());
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName("decoding step by step with a cache gives the bits of one pass, on 1 thread or more")
    void decodingEqualsPrefill(WeightFormat format) {
        TestModels.wideModel(temporary.resolve("wide")).save(temporary.resolve("saved"));
        CausalLM model = CausalLM.load(temporary.resolve("saved"), format);
        assertThat(model.weightFormats()).isEqualTo(new WeightFormats.All(format));
        int[] tokens = TestModels.tokens(2, 33, model.config().vocabularySize());
        int vocabulary = model.config().vocabularySize();
        ComputePool.setThreads(1);
        float[] once = model.logits(tokens).toFloatArray();
        for (int count : new int[] {1, 2}) {
            ComputePool.setThreads(count);
            NoGrad.run(() -> {
                KvCache cache = model.newKvCache();
                DecodingPass pass = new DecodingPass(model, cache);
                int sequence = cache.add();
                for (int t = 0; t < tokens.length; t++) {
                    Var hidden = pass.run(new int[] {tokens[t]}, new int[] {sequence});
                    float[] logits = model.logits(hidden, new int[] {0}).toFloatArray();
                    float[] expected = java.util.Arrays.copyOfRange(once, t * vocabulary, (t + 1) * vocabulary);
                    assertBits("logits of step " + t + " on " + count + " threads", logits, expected);
                }
            });
            assertBits("one pass on " + count + " threads", model.logits(tokens).toFloatArray(), once);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName("a format's logits are those of an F32 model with the unpacked weights")
    void isTheF32ModelOfTheUnpackedWeights(WeightFormat format) {
        CausalLM wide = CausalLM.load(golden("qwen2-sharded"));
        CausalLM narrow = CausalLM.load(golden("qwen2-sharded"), format);
        int[] tokens = TestModels.tokens(3, 24, wide.config().vocabularySize());
        float[] actual = narrow.logits(tokens).toFloatArray();
        if (format != WeightFormat.F32) {
            for (Parameter parameter : wide.parameters()) {
                boolean embedding = parameter.name().equals("model.embed_tokens.weight");
                boolean matrix = parameter.value().rank() == 2;
                assertThat(embedding && wide.config().plan().head() instanceof Head.TiedTokens)
                        .as("this test needs a head of its own")
                        .isFalse();
                if (embedding) {
                    parameter.value().copyFrom(parameter.value().to(DType.BF16).to(DType.F32));
                } else if (matrix) {
                    var packed = FrozenWeight.of(parameter.name(), parameter.value(), format)
                            .packed();
                    parameter
                            .value()
                            .copyFrom(dev.jacobian.tensor.Backends.cpu()
                                    .matrices()
                                    .unpack(packed)
                                    .t());
                }
                parameter.valueChanged();
            }
        }
        assertBits("logits as " + format, actual, wide.logits(tokens).toFloatArray());
    }

    @ParameterizedTest
    @CsvSource({"mixtral, BF16", "mixtral, Q4_0", "qwen3-moe, Q8_0", "gpt-oss, Q4_0", "deepseek-v3, Q8_0"})
    @DisplayName(
            "experts too: logits of an F32 model with the unpacked weights, alone and in a batch; the plan counts them")
    void narrowExperts(String name, WeightFormat format) {
        CausalLM wide = CausalLM.load(golden(name));
        CausalLM narrow = CausalLM.load(golden(name), format);
        for (Parameter parameter : wide.parameters()) {
            Tensor value = parameter.value();
            if (parameter.name().contains("embed_tokens")) {
                value.copyFrom(value.to(DType.BF16).to(DType.F32));
            } else if (value.rank() == 3) {
                for (int expert = 0; expert < value.extent(0); expert++) {
                    round(parameter.name(), value.select(0, expert), format);
                }
            } else if (value.rank() == 2
                    && !parameter.name().matches(".*(mlp.gate|moe.gate|router).weight|.*_bias.*")) {
                round(parameter.name(), value, format);
            }
            parameter.valueChanged();
        }
        int[] tokens = TestModels.tokens(3, 24, wide.config().vocabularySize());
        float[] expected = wide.logits(tokens).toFloatArray();
        assertBits("logits as " + format, narrow.logits(tokens).toFloatArray(), expected);
        ComputePool.setThreads(1);
        int[] first = Arrays.copyOf(tokens, 7);
        int[] twice =
                IntStream.concat(Arrays.stream(first), Arrays.stream(tokens)).toArray();
        assertBits(
                "in a batch",
                NoGrad.compute(() -> narrow.logits(
                                narrow.hidden(twice, Segments.of(7, 24)),
                                IntStream.range(7, 31).toArray()))
                        .toFloatArray(),
                expected);
        DecoderConfig config = wide.config();
        long experts = config.plan().tensors().stream()
                .filter(spec -> spec.kind() == TensorSpec.Kind.EXPERTS)
                .mapToLong(TensorSpec::elements)
                .sum();
        long saved = MemoryPlan.inference(config).bytes()
                - MemoryPlan.inference(config, format).bytes();
        assertThat(saved).isGreaterThan(experts); // a byte of four each at least
    }

    private static void round(String name, Tensor weight, WeightFormat format) {
        var packed = FrozenWeight.of(name, weight, format).packed();
        weight.copyFrom(
                dev.jacobian.tensor.Backends.cpu().matrices().unpack(packed).t());
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_NONE, names = "F32|.*_K")
    @DisplayName("nothing to train, and training and saving say why")
    void refusesTraining(WeightFormat format) {
        CausalLM model = CausalLM.load(golden("llama-mha-tied"), format);
        assertThat(model.parameters()).isEmpty();
        assertThat(model.copy()).isSameAs(model);
        List<int[]> batch = List.of(new int[] {1, 2, 3});
        assertThatThrownBy(() -> model.loss(batch, batch))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(format.toString())
                .hasMessageContaining("WeightFormat.F32");
        assertThat(NoGrad.compute(() -> model.loss(batch, batch).value().item()))
                .isFinite();
        Path folder = temporary.resolve("out");
        assertThatThrownBy(() -> model.save(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("saving")
                .hasMessageContaining(format.toString());
        assertThat(folder).doesNotExist();
    }

    @Test
    @DisplayName("the memory plan counts the format")
    void memoryPlan() {
        var config = CausalLM.load(golden("llama-gqa")).config();
        long before = MemoryPlan.inference(config).bytes();
        for (WeightFormat format : WeightFormat.made()) {
            long bytes = MemoryPlan.inference(config, format).bytes();
            assertThat(bytes).as(format.toString()).isLessThanOrEqualTo(before);
            before = bytes;
        }
        assertThat(WeightFormat.Q8_0.bytes(64)).isEqualTo(68);
        assertThat(WeightFormat.Q4_0.bytes(64)).isEqualTo(36);
    }

    @Test
    @DisplayName("a weight that cannot be quantized is named")
    void namesTheBadWeight() {
        Path large = save(1e7f); // beyond the F16 scale of a block, and fine elsewhere
        assertThatThrownBy(() -> CausalLM.load(large, WeightFormat.Q8_0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("model.layers.0.mlp.up_proj.weight")
                .hasMessageContaining("a magnitude of 1.0E7");
        assertThat(CausalLM.load(large, WeightFormat.BF16).weightFormats())
                .isEqualTo(new WeightFormats.All(WeightFormat.BF16));
        Path broken = save(Float.NaN);
        for (WeightFormat format : WeightFormat.made()) {
            assertThatThrownBy(() -> CausalLM.load(broken, format))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("model.layers.0.mlp.up_proj.weight")
                    .hasMessageContaining("NaN");
        }
    }

    /** A model with one weight of a value. */
    private Path save(float value) {
        CausalLM model = CausalLM.load(golden("llama-gqa"));
        Parameter weight = model.parameter("model.layers.0.mlp.up_proj.weight");
        weight.value().floats()[7] = value;
        Path folder = temporary.resolve("with " + value);
        model.save(folder);
        return folder;
    }
}
