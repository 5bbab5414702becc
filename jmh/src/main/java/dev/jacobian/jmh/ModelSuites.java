// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static dev.jacobian.jmh.KernelSuites.LIBTORCH;
import static dev.jacobian.jmh.KernelSuites.OURS;

import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.Roofline;
import dev.jacobian.jmh.harness.Side;
import dev.jacobian.jmh.harness.Side.Role;
import dev.jacobian.jmh.harness.Suite;
import dev.jacobian.jmh.harness.Unit;
import java.util.List;
import java.util.Optional;

/** Suites of whole models: training and sampling. */
final class ModelSuites {
    private static final String PACKAGE = "dev.jacobian.jmh.";

    /** The version that jmh/bench installs. */
    private static final String NODE_LLAMA_CPP = "3.22.1";

    private static final String LLAMA_CPP = "llama.cpp";

    private ModelSuites() {}

    static Suite trainingStep() {
        List<String> cases = List.of("1M 16x128", "5M 16x128", "30M 8x128", "1M 1x2048", "5M 1x2048", "30M 1x2048");
        return new Suite(
                "training-step",
                "forward, backward, clipping and AdamW of a Llama in F32",
                "model",
                Unit.GFLOPS,
                cases,
                List.of("1M 16x128", "5M 16x128", "30M 8x128", "5M 1x2048"),
                text -> ModelCase.parse(text).trainingOperations(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.COMPUTE, ModelCase.parse(text).trainingOperations())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "TrainingStepBenchmark.step"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchTrainingStepBenchmark.step")),
                1,
                new Effort(3, 4, 5, 700),
                text -> 2048,
                true,
                "Cases are the model and sequences x tokens. Operations are those of all matrix products, counted"
                    + " exactly (masked pairs of attention are not counted, nor what is computed a second time), three"
                    + " times the forward pass. libtorch runs eagerly through its C++ API: the same model, checked to"
                    + " compute the same loss, with its fused attention, clip_grad_norm_ and torch::optim::AdamW.");
    }

    static Suite rollouts() {
        return new Suite(
                "rollouts",
                "sampling many sequences together with a KV cache",
                "model",
                Unit.TOKENS,
                List.of("1M 64x64", "1M 512x64", "5M 64x64", "5M 512x64", "100M 64x32", "100M 512x32"),
                List.of("1M 64x64", "5M 64x64", "100M 64x32"),
                text -> ModelCase.parse(text).tokenCount(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.COMPUTE, ModelCase.parse(text).decodeOperations())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "RolloutBenchmark.generate"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchRolloutBenchmark.generate")),
                0,
                new Effort(3, 3, 5, 1000),
                text -> ModelCase.parse(text).shape().parameters() > 50e6 ? 6144 : 2048,
                true,
                "Cases are the model and sequences x new tokens, each after a prompt of one token. libtorch has a KV"
                        + " cache written by hand: allocated beforehand, one batch, no autograd, multinomial on the"
                        + " softmax.");
    }

    static Suite tailRollouts() {
        return new Suite(
                "rollouts-tail",
                "sampling sequences whose lengths have a heavy tail",
                "model",
                Unit.TOKENS,
                List.of("1M 256x16", "5M 256x16", "100M 64x8", "1M 256x32 equal", "5M 256x32 equal"),
                List.of("1M 256x16", "5M 256x16", "5M 256x32 equal"),
                text -> TailCase.parse(text).tokenCount(),
                text -> Optional.empty(),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "TailRolloutBenchmark.continuous"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.TorchTailRolloutBenchmark.waves"),
                        new Side.Jmh("in waves", Role.BASELINE, PACKAGE + "TailRolloutBenchmark.waves")),
                0,
                new Effort(3, 2, 3, 1000),
                text -> TailCase.parse(text).model().shape().parameters() > 50e6 ? 6144 : 2048,
                true,
                "Cases are the model and sequences x median of new tokens, each after a prompt of one token; a quarter"
                    + " of the sequences run together. Lengths are log-normal (sigma 1), the longest 16 times the"
                    + " median, or equal. In waves, a quarter begins when the one before has ended. libtorch goes in"
                    + " waves too, and the rows of a wave go on to its end; only tokens that are wanted count.");
    }

    static Suite serving() {
        return new Suite(
                "serving",
                "clients that ask a server, wait for the answer and ask again",
                "model",
                Unit.TOKENS,
                List.of(
                        "0.5B 1x4 bf16",
                        "0.5B 4x2 bf16",
                        "0.5B 16x2 bf16",
                        "0.5B 1x4 q8_0",
                        "0.5B 4x2 q8_0",
                        "0.5B 16x2 q8_0"),
                List.of("0.5B 1x4 bf16", "0.5B 4x2 bf16", "0.5B 16x2 bf16"),
                text -> ServingCase.parse(text).tokenCount(),
                text -> Optional.empty(),
                List.of(
                        new Side.Program(OURS, Role.OURS, new HttpServing(HttpServing.Server.JACOBIAN, false)),
                        new Side.Program(LLAMA_CPP, Role.PEER, new HttpServing(HttpServing.Server.LLAMA_CPP, false)),
                        new Side.Program(
                                LLAMA_CPP + ", 1 thread",
                                Role.PEER,
                                new HttpServing(HttpServing.Server.LLAMA_CPP, true)),
                        new Side.Jmh("without HTTP", Role.BASELINE, PACKAGE + "ServingBenchmark.serve")),
                0,
                new Effort(3, 1, 2, 1000),
                text -> loadedHeap(ModelCase.parse(text)),
                true,
                "Cases are the model, clients x requests of each, and the format of the weights; all sides read the"
                    + " same GGUF file. Prompts have 16 to 256 tokens that nobody had before, answers 8 to 96, greedy"
                    + " and with the end ignored, so that all have as many; what is counted is tokens of answers."
                    + " Every side is a server in a process of its own, asked over HTTP by the same clients, answers"
                    + " whole. Ours is jacobian serve. llama.cpp is that of node-llama-cpp "
                        + NODE_LLAMA_CPP
                        + ", which has no server in it, behind a small one for Node that has the loop of llama.cpp's"
                        + " own: a sequence for each client, one token of each answer and pieces of prompts in every"
                        + " batch of up to 512 tokens, flash attention where llama.cpp wants it. Without HTTP the same"
                        + " requests go to the engine in one process.");
    }

    static Suite sampling() {
        List<String> cases = List.of("1x151936 top_p", "16x151936 top_p", "16x151936 top_k", "16x151936 both");
        return new Suite(
                "sampling",
                "a token from each row of logits, through top-k and top-p",
                "row",
                Unit.TOKENS,
                cases,
                cases,
                text -> SamplingBenchmark.rows(text),
                text -> Optional.empty(),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "SamplingBenchmark.likeliest"),
                        new Side.Jmh("plain loops", Role.BASELINE, PACKAGE + "SamplingBenchmark.plain")),
                0,
                new Effort(3, 2, 3, 1000),
                text -> 1024,
                false,
                "Cases are rows x vocabulary and the filters: top_k 50, top_p 0.9 at temperature 0.7. Logits are"
                        + " normal with a deviation of 3. The plain loops are the specification, which sorts the"
                        + " vocabulary; tokens are the same. There is no peer.");
    }

    static Suite decode() {
        return new Suite(
                "decode",
                "one sequence, token by token",
                "model",
                Unit.TOKENS,
                List.of(
                        "0.5B 1x32 f32",
                        "0.5B 1x32 bf16",
                        "0.5B 1x32 q8_0",
                        "0.5B 1x32 q4_0",
                        "1M 1x64 f32",
                        "5M 1x64 f32",
                        "100M 1x64 f32",
                        "100M 1x64 q8_0"),
                List.of("0.5B 1x32 bf16", "0.5B 1x32 q8_0", "0.5B 1x32 q4_0", "5M 1x64 f32"),
                text -> ModelCase.parse(text).tokenCount(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.MEMORY, ModelCase.parse(text).decodeBytes())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "DecodeBenchmark.decode"),
                        new Side.Program(LLAMA_CPP, Role.PEER, new LlamaCpp(LlamaCpp.Mode.DECODE, false)),
                        new Side.Program(
                                LLAMA_CPP + ", 1 thread", Role.PEER, new LlamaCpp(LlamaCpp.Mode.DECODE, true))),
                0,
                new Effort(3, 2, 5, 1000),
                text -> loadedHeap(ModelCase.parse(text)),
                true,
                "Cases are the model, 1 x new tokens, and the format of the weights. The roofline is the time to read"
                        + " the weights once per token; small models fit into a cache and pass it. llama.cpp through"
                        + " node-llama-cpp "
                        + NODE_LLAMA_CPP
                        + ", the same shape and format with random weights, one token for each call and greedy"
                        + " sampling.");
    }

    static Suite prefill() {
        return new Suite(
                "prefill",
                "a prompt of one sequence in one pass",
                "model",
                Unit.TOKENS,
                List.of(
                        "0.5B 1x512 f32",
                        "0.5B 1x512 bf16",
                        "0.5B 1x512 q8_0",
                        "0.5B 1x512 q4_0",
                        "5M 1x512 f32",
                        "100M 1x512 f32"),
                List.of("0.5B 1x512 bf16", "0.5B 1x512 q8_0", "5M 1x512 f32"),
                text -> ModelCase.parse(text).tokenCount(),
                text -> Optional.of(new Roofline.Demand(
                        Roofline.COMPUTE, ModelCase.parse(text).prefillOperations())),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "DecodeBenchmark.prefill"),
                        new Side.Program(LLAMA_CPP, Role.PEER, new LlamaCpp(LlamaCpp.Mode.PREFILL, false)),
                        new Side.Program(
                                LLAMA_CPP + ", 1 thread", Role.PEER, new LlamaCpp(LlamaCpp.Mode.PREFILL, true))),
                0,
                new Effort(3, 2, 3, 1000),
                text -> loadedHeap(ModelCase.parse(text)),
                true,
                "Cases are the model, 1 x tokens of the prompt, and the format of the weights. llama.cpp through"
                        + " node-llama-cpp "
                        + NODE_LLAMA_CPP
                        + ", the whole prompt as one batch. The roofline is F32 arithmetic; BF16 and integer"
                        + " instructions, which llama.cpp uses where there are any, have a higher one.");
    }

    static Suite longContext() {
        return new Suite(
                "long-context",
                "time per token at positions up to 131,072, and of training by length",
                "position",
                Unit.MICROSECONDS_PER_TOKEN,
                LongCase.all(false),
                LongCase.all(true),
                text -> LongCase.parse(text).tokens(),
                text -> Optional.empty(),
                List.of(new Side.Jmh(OURS, Role.OURS, PACKAGE + "LongContextBenchmark.token")),
                0,
                new Effort(3, 2, 5, 500),
                text -> LongCase.parse(text).trains() ? 6144 : 2048,
                true,
                "Cases are decode (token by token) or prefill (a piece of 512), the cache (full, a window of 1,024"
                        + " tokens in all layers, or all tokens in 8 bits) and the tokens that are in it already; a"
                        + " Mistral of 1M parameters, four layers. A token looks at all tokens before it, so its time"
                        + " grows with their number, and does not where there is a window. Cases of train are loss and"
                        + " gradients of one sequence of so many tokens, with layers computed again in backward: the"
                        + " time of each of its tokens, which see half of it on average.");
    }

    static Suite grpo() {
        return new Suite(
                "grpo",
                "a whole GRPO iteration: rollouts, rewards, loss, gradients, AdamW",
                "iteration",
                Unit.SECONDS,
                GrpoBenchmark.CASES,
                GrpoBenchmark.CASES,
                text -> {
                    if (!GrpoBenchmark.CASES.contains(text)) {
                        throw new IllegalArgumentException("the iterations are fixed");
                    }
                    return 1;
                },
                text -> Optional.empty(),
                List.of(new Side.Jmh(OURS, Role.OURS, PACKAGE + "GrpoBenchmark.step")),
                0,
                new Effort(3, 3, 5, 2000),
                text -> 3072,
                true,
                "Cases are the model and prompts x samples x new tokens: (a) testdata/models/arith-qwen3 on additions,"
                        + " (b) and (c) Qwen3 with fresh weights, prompts of 16 tokens, arbitrary rewards. There is no"
                        + " peer: the usual one, TRL, needs Python.");
    }

    static Suite sftStep() {
        return offlineStep(
                "sft-step",
                "ten steps of fine-tuning on demonstrations",
                "Sft",
                false,
                "Cases are the model and rows x tokens, half of them the prompt's. ");
    }

    static Suite dpoStep() {
        return offlineStep(
                "dpo-step",
                "ten steps of direct preference optimization",
                "Dpo",
                true,
                "Cases are the model and pairs x tokens, half of them the prompt's, which chosen and rejected share."
                        + " libtorch computes it for both, as TRL does, and the reference's log-probabilities in every"
                        + " step. ");
    }

    private static Suite offlineStep(String name, String description, String method, boolean pairs, String cases) {
        List<String> labels = List.of("0.04M 4x20", "0.04M 4x64", "5M 4x128", "5M 8x256");
        return new Suite(
                name,
                description,
                "model",
                Unit.TOKENS,
                labels,
                List.of("0.04M 4x20", "5M 4x128"),
                text -> OfflineCase.parse(text).work(pairs),
                text -> Optional.empty(),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + method + "StepBenchmark.steps"),
                        new Side.Jmh(LIBTORCH, Role.PEER, PACKAGE + "peers.Torch" + method + "StepBenchmark.steps")),
                1,
                new Effort(3, 4, 5, 700),
                text -> 2048,
                true,
                cases
                        + "0.04M with 4 rows is what TRL's recorded runs have. Ours is the trainer with all that it"
                        + " does in a step, and the metrics of every tenth; libtorch runs eagerly through its C++ API"
                        + " and measures nothing: the same model, checked to compute the same numbers, its fused"
                        + " attention, clip_grad_norm_ and torch::optim::AdamW.");
    }

    /** Weights, the copies that kernels pack, and room to load them. */
    static int loadedHeap(ModelCase of) {
        return (int) (of.shape().parameters() * 12 >> 20) + 1024;
    }
}
