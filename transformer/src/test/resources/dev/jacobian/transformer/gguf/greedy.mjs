// SPDX-License-Identifier: Apache-2.0
//
// Continues prompts greedily with llama.cpp, for each line of standard input one JSON object:
//   {"model": FILE.gguf, "prompts": [[id, ...], ...], "tokens": [count, ...], "texts": [text, ...]}
// prints {"continuations": [[id, ...], ...], "ids": [[id, ...], ...]} or {"error": TEXT}.
// It drives the binding's context itself, so that ids are ids and no end token stops it.
import {createInterface} from "node:readline";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const llama = await getLlama({
    gpu: false, build: "never", skipDownload: true, maxThreads: 1, logLevel: LlamaLogLevel.fatal
});

async function run({model: modelPath, prompts, tokens, texts}) {
    const model = await llama.loadModel({modelPath, gpuLayers: 0});
    const context = await model.createContext({
        contextSize: 128, batchSize: 128, threads: {ideal: 1, min: 1}, sequences: 1, swaFullCache: true
    });
    const raw = context._ctx;
    const sampler = new llama._bindings.AddonSampler(model._model);
    sampler.applyConfig({temperature: 0});
    const continuations = [];
    for (let p = 0; p < prompts.length; p++) {
        raw.removeTokenCellsFromSequence(0, 0, -1);
        const chosen = [];
        let ids = prompts[p];
        let position = 0;
        while (chosen.length < tokens[p]) {
            raw.initBatch(ids.length);
            const [index] = raw.addToBatch(0, position, Uint32Array.from(ids), Uint32Array.of(ids.length - 1));
            await raw.decodeBatch();
            position += ids.length;
            ids = [await raw.sampleToken(index, sampler)];
            chosen.push(ids[0]);
        }
        continuations.push(chosen);
    }
    const ids = texts.map(text => Array.from(model.tokenize(text)));
    await context.dispose();
    await model.dispose();
    return {continuations, ids};
}

for await (const line of createInterface({input: process.stdin})) {
    let answer;
    try {
        answer = await run(JSON.parse(line));
    } catch (error) {
        answer = {error: String(error)};
    }
    console.log("answer " + JSON.stringify(answer));
}
process.exit(0);
