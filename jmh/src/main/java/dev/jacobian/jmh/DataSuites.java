// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static dev.jacobian.jmh.KernelSuites.OURS;

import dev.jacobian.jmh.harness.Effort;
import dev.jacobian.jmh.harness.Side;
import dev.jacobian.jmh.harness.Side.Role;
import dev.jacobian.jmh.harness.Suite;
import dev.jacobian.jmh.harness.Unit;
import java.util.List;
import java.util.Optional;

/** Suites of text and files. */
final class DataSuites {
    private static final String PACKAGE = "dev.jacobian.jmh.";

    private DataSuites() {}

    static Suite tokenizer() {
        List<String> cases = List.of(
                "encode bytelevel-qwen",
                "encode bytelevel-llama3",
                "encode spm-gemma",
                "encode spm-bytefallback",
                "encode unigram-t5like",
                "encode wordpiece-bert",
                "decode bytelevel-qwen",
                "decode spm-gemma");
        return new Suite(
                "tokenizer",
                "text to token ids and back",
                "tokenizer",
                Unit.MEGABYTES,
                cases,
                cases,
                text -> {
                    TokenizerCase.parse(text);
                    return TokenizerCase.bytes();
                },
                text -> Optional.empty(),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "TokenizerBenchmark.run"),
                        new Side.Jmh(
                                "tokenizers (DJL 0.38.0)", Role.PEER, PACKAGE + "peers.DjlTokenizerBenchmark.run")),
                1,
                new Effort(3, 4, 5, 500),
                text -> 1024,
                false,
                "128 texts of 4096 characters, English prose and Markdown, one after the other, with the tokenizers of"
                        + " the test data, which have the real rules and small vocabularies. The peer is Hugging Face's"
                        + " tokenizers (Rust) through DJL, which hands tokens, masks and offsets over with the ids.");
    }

    static Suite grammar() {
        List<String> cases = List.of("in a string", "between properties");
        return new Suite(
                "grammar",
                "the tokens that a grammar allows next, of 131,073",
                "place",
                Unit.SECONDS,
                cases,
                cases,
                text -> {
                    if (!cases.contains(text)) {
                        throw new IllegalArgumentException("'" + text + "' is not one of " + cases);
                    }
                    return 1;
                },
                text -> Optional.empty(),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "GrammarBenchmark.walk"),
                        new Side.Jmh("mask applied", Role.BASELINE, PACKAGE + "GrammarBenchmark.apply")),
                1,
                new Effort(3, 4, 5, 500),
                text -> 1024,
                false,
                "Any JSON object over bytes and random words. A place that is first reached takes a walk through the"
                        + " vocabulary; each later time takes only what the baseline does, making the other tokens"
                        + " impossible in a row of logits. A step of decoding is to be compared with both.");
    }

    static Suite score() {
        List<String> cases = List.of("math");
        return new Suite(
                "score",
                "recorded completions judged by a reward",
                "reward",
                Unit.PAIRS,
                cases,
                cases,
                text -> {
                    if (!cases.contains(text)) {
                        throw new IllegalArgumentException("'" + text + "' is not one of " + cases);
                    }
                    return ScoreBenchmark.pairs().size();
                },
                text -> Optional.empty(),
                List.of(new Side.Jmh(OURS, Role.OURS, PACKAGE + "ScoreBenchmark.run")),
                1,
                new Effort(3, 4, 5, 500),
                text -> 1024,
                false,
                "The pairs of testdata/rewards/math_pairs.jsonl on one core. Math-Verify, which needs Python, is no"
                        + " side here; on its own machine it is to be given the same file.");
    }

    static Suite sandbox() {
        List<String> cases = List.of("python 1 at once", "python 2 at once", "shell 1 at once", "shell 2 at once");
        return new Suite(
                "sandbox",
                "short programs run in the sandbox",
                "programs",
                Unit.PROGRAMS,
                cases,
                cases,
                text -> {
                    SandboxBenchmark.requireCase(text);
                    return SandboxBenchmark.PROGRAMS;
                },
                text -> Optional.empty(),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "SandboxBenchmark.run"),
                        new Side.Jmh("cold", Role.BASELINE, PACKAGE + "ColdSandboxBenchmark.run")),
                0,
                new Effort(3, 4, 5, 500),
                text -> 1024,
                false,
                "Each program reads a number and prints its double; 16 of them a call. Warm: forked from a worker."
                    + " Cold: each builds its walls and starts its interpreter by itself, with bubblewrap where that"
                    + " is installed.");
    }

    static Suite loading() {
        List<String> cases = List.of("100M f32", "100M bf16", "100M bf16 as bf16", "100M bf16 as q8_0");
        return new Suite(
                "loading",
                "a safetensors checkpoint of 100 million parameters to a model",
                "checkpoint",
                Unit.GIGABYTES,
                cases,
                cases,
                LoadingBenchmark::bytes,
                text -> Optional.empty(),
                List.of(
                        new Side.Jmh(OURS, Role.OURS, PACKAGE + "LoadingBenchmark.load"),
                        new Side.Jmh("plain read", Role.BASELINE, PACKAGE + "LoadingBenchmark.read")),
                1,
                new Effort(3, 3, 5, 500),
                text -> 3072,
                true,
                "Bytes of the file; what is held is F32 unless the case says otherwise. The operating system has the"
                    + " file in memory. The plain read copies the same bytes into one small array. The collector has"
                    + " -XX:PretenureSizeThreshold=1m, as the launcher gives it. There is no peer: other engines for"
                    + " the JVM do not read this format.");
    }
}
