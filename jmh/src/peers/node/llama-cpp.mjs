// SPDX-License-Identifier: Apache-2.0
//
// Times llama.cpp on one sequence and prints one line of JSON: seconds of each iteration's calls (mean) and peak memory.
//   node llama-cpp.mjs MODEL.gguf decode|prefill THREADS TOKENS WARMUP ITERATIONS MILLISECONDS
//
// It drives the binding's context itself, below the library's own loop: one llama_decode for each token (or one for the whole
// prompt) and greedy sampling of one token after it, so that no queue or text handling is in the time.
import {readFileSync} from "node:fs";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const [modelPath, mode, threadsText, tokensText, warmup, iterations, milliseconds] = process.argv.slice(2);
const threads = Number(threadsText);
const tokens = Number(tokensText);

const llama = await getLlama({gpu: false, build: "never", skipDownload: true, maxThreads: threads, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({
    contextSize: tokens + 32, batchSize: Math.max(tokens, 32), threads: {ideal: threads, min: threads}, sequences: 1
});
const raw = context._ctx;
raw.setThreads(threads);
const sampler = new llama._bindings.AddonSampler(model._model);
sampler.applyConfig({temperature: 0});

async function evaluate(ids, position) {
    raw.initBatch(ids.length);
    const [index] = raw.addToBatch(0, position, Uint32Array.from(ids), Uint32Array.of(ids.length - 1));
    await raw.decodeBatch();
    return await raw.sampleToken(index, sampler);
}

async function call() {
    raw.removeTokenCellsFromSequence(0, 0, -1);
    if (mode === "prefill") {
        await evaluate(Array.from({length: tokens}, (_, i) => 300 + (i * 7919) % 200), 0);
        return;
    }
    let token = 1;
    for (let position = 0; position < tokens; position++) {
        token = await evaluate([token], position);
    }
}

const seconds = [];
for (let i = -Number(warmup); i < Number(iterations); i++) {
    const start = process.hrtime.bigint();
    let calls = 0;
    let taken;
    do {
        await call();
        calls++;
        taken = Number(process.hrtime.bigint() - start) / 1e9;
    } while (taken < Number(milliseconds) / 1e3);
    if (i >= 0) seconds.push(taken / calls);
}
let peakBytes = 0;
try {
    peakBytes = 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
} catch {
    // not Linux
}
console.log(JSON.stringify({seconds, peakBytes, threads: raw.getThreads(), system: llama.systemInfo}));
process.exit(0);
