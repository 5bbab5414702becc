// SPDX-License-Identifier: Apache-2.0
// A client in another language, with nothing but HTTP: teaches an adapter a sequence, and prints what it saw as JSON.
// node train.mjs URL KEY
const [url, key] = process.argv.slice(2);

async function post(path, body) {
    const response = await fetch(`${url}/api/v1/${path}`, {
        method: 'POST',
        headers: {'Content-Type': 'application/json', 'X-API-Key': key},
        body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${answer.detail}`);
    return answer;
}

async function result(promise) {
    for (;;) {
        const answer = await post('retrieve_future', {request_id: promise.request_id});
        if (answer.error) throw new Error(answer.error);
        if (answer.type !== 'try_again') return answer;
    }
}

const {session_id} = await post('create_session', {tags: [], sdk_version: 'node'});
const lora_config = {rank: 4, seed: 7};
const {model_id} = await result(await post('create_model', {session_id, model_seq_id: 0, base_model: 'tiny', lora_config}));

const tokens = [5, 6, 7, 8, 9, 10];
const datum = {
    model_input: {chunks: [{type: 'encoded_text', tokens: tokens.slice(0, -1)}]},
    loss_fn_inputs: {
        target_tokens: {data: tokens.slice(1), dtype: 'int64', shape: [5]},
        weights: {data: [0, 1, 1, 1, 1], dtype: 'float32', shape: [5]},
    },
};
const losses = [];
for (let step = 0; step < 30; step++) {
    // Both are on their way at once, in the wrong order: the server keeps the client's.
    const update = post('optim_step', {model_id, seq_id: 2 * step + 2, adam_params: {learning_rate: 0.01}});
    const pass = await post('forward_backward', {
        model_id,
        seq_id: 2 * step + 1,
        forward_backward_input: {data: [datum], loss_fn: 'cross_entropy'},
    });
    losses.push((await result(pass)).metrics['loss:sum']);
    await result(await update);
}
const saved = await result(await post('save_weights', {model_id, seq_id: 61, path: 'taught'}));
const {sampling_session_id} = await result(await post('save_weights_for_sampler', {model_id, seq_id: 62}));
const sample = await result(await post('asample', {
    sampling_session_id,
    seq_id: 0,
    num_samples: 1,
    prompt: {chunks: [{type: 'encoded_text', tokens: tokens.slice(0, 2)}]},
    sampling_params: {max_tokens: 4, temperature: 0},
}));
console.log(JSON.stringify({losses, path: saved.path, tokens: sample.sequences[0].tokens}));
