// SPDX-License-Identifier: Apache-2.0
//
// A server over llama.cpp for the suite `serving`: POST /v1/completions with token ids, answered greedily and whole.
//   node llama-cpp-server.mjs MODEL.gguf THREADS SEQUENCES POSITIONS
//
// It drives the binding's context itself, as llama.cpp's own server does: in each round one llama_decode with one token of every
// answer that runs and pieces of prompts up to the size of a batch, then one token sampled for each. The library's own loop, which
// batches what promises ask for, takes several times as long for small models.
//
// A request waits for a free sequence. The first line of output says where it listens.
import {createServer} from "node:http";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const BATCH = 512;
const [modelPath, threadsText, sequencesText, positionsText] = process.argv.slice(2);
const threads = Number(threadsText);
const sequences = Number(sequencesText);

const llama = await getLlama({gpu: false, build: "never", skipDownload: true, maxThreads: threads, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({
    contextSize: Number(positionsText) + 8, batchSize: BATCH, threads: {ideal: threads, min: threads}, sequences
});

/** The loop: what is returned takes a prompt and gives so many tokens. */
function batching() {
    const raw = context._ctx;
    raw.setThreads(threads);
    const waiting = [];
    const slots = Array.from({length: sequences}, (_, id) => {
        const sampler = new llama._bindings.AddonSampler(model._model);
        sampler.applyConfig({temperature: 0});
        return {id, sampler, request: null};
    });
    let running = false;

    /** What a slot adds to a batch that has room for so many tokens. */
    function piece(slot, room) {
        const {prompt, tokens} = slot.request;
        const done = slot.request.done;
        if (done >= prompt.length) return Uint32Array.of(tokens.at(-1));
        return Uint32Array.from(prompt.slice(done, done + room));
    }

    async function round() {
        for (const slot of slots) {
            if (slot.request === null && waiting.length > 0) {
                raw.removeTokenCellsFromSequence(slot.id, 0, -1);
                slot.request = waiting.shift();
            }
        }
        const busy = slots.filter((slot) => slot.request !== null);
        const answering = (slot) => slot.request.done >= slot.request.prompt.length;
        const parts = [];
        let size = 0;
        for (const slot of [...busy.filter(answering), ...busy.filter((slot) => !answering(slot))]) {
            if (size === BATCH) break;
            const ids = piece(slot, BATCH - size);
            parts.push({slot, ids});
            size += ids.length;
        }
        raw.initBatch(size);
        for (const part of parts) {
            const {slot, ids} = part;
            const isLast = slot.request.done + ids.length >= slot.request.prompt.length;
            const wanted = isLast ? Uint32Array.of(ids.length - 1) : new Uint32Array(0);
            part.logits = raw.addToBatch(slot.id, slot.request.done, ids, wanted);
            slot.request.done += ids.length;
        }
        await raw.decodeBatch();
        await Promise.all(parts.filter((part) => part.logits.length > 0).map(async ({slot, logits}) => {
            const request = slot.request;
            request.tokens.push(await raw.sampleToken(logits[0], slot.sampler));
            if (request.tokens.length === request.count) {
                slot.request = null;
                request.resolve(request.tokens);
            }
        }));
    }

    async function run() {
        running = true;
        while (waiting.length > 0 || slots.some((slot) => slot.request !== null)) await round();
        running = false;
    }

    function fail(error) {
        console.error(error);
        process.exit(1);
    }

    return (prompt, count) => new Promise((resolve) => {
        waiting.push({prompt, count, resolve, tokens: [], done: 0});
        if (!running) run().catch(fail);
    });
}

const generate = batching();

const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const {prompt, max_tokens: count} = JSON.parse(Buffer.concat(parts).toString("utf8"));
    const tokens = await generate(prompt, count);
    const body = JSON.stringify({
        object: "text_completion",
        choices: [{index: 0, text: model.detokenize(tokens), finish_reason: "length"}],
        usage: {prompt_tokens: prompt.length, completion_tokens: tokens.length}
    });
    response.writeHead(200, {"Content-Type": "application/json", "Content-Length": Buffer.byteLength(body)});
    response.end(body);
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({url: `http://127.0.0.1:${server.address().port}`})));
