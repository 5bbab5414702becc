// SPDX-License-Identifier: Apache-2.0
// Uses the server as a program would that was written for OpenAI's. Arguments: base URL, model. Prints one JSON object.
import OpenAI from 'openai';

const [baseURL, model] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey: process.env.KEY, maxRetries: 0});
const messages = [{role: 'user', content: 'Hello'}];
const result = {};

result.models = (await client.models.list()).data.map(one => one.id);
result.retrieved = (await client.models.retrieve(model)).id;

const chat = await client.chat.completions.create({model, messages, seed: 1, max_tokens: 12});
result.chat = chat.choices[0].message.content;
result.usage = chat.usage;

const stream = await client.chat.completions.create(
  {model, messages, seed: 1, max_tokens: 12, stream: true, stream_options: {include_usage: true}});
result.streamed = '';
for await (const chunk of stream) {
  result.streamed += chunk.choices[0]?.delta?.content ?? '';
  if (chunk.usage) result.streamedUsage = chunk.usage;
}

const helper = client.chat.completions.stream({model, messages, seed: 1, max_tokens: 12});
result.helper = await helper.finalContent();

const completion = await client.completions.create({model, prompt: 'Once', seed: 1, max_tokens: 5, logprobs: 2});
result.completion = completion.choices[0].text;
result.completionTokens = completion.choices[0].logprobs.tokens.length;

const logprobs = await client.chat.completions.create(
  {model, messages, temperature: 0, max_tokens: 4, logprobs: true, top_logprobs: 3});
result.logprobs = logprobs.choices[0].logprobs.content.map(one => one.top_logprobs.length);

const schema = {type: 'object', properties: {ok: {type: 'boolean'}}, required: ['ok'], additionalProperties: false};
const parsed = await client.chat.completions.parse(
  {model, messages, response_format: {type: 'json_schema', json_schema: {name: 'answer', strict: true, schema}}});
result.parsed = JSON.parse(parsed.choices[0].message.content);

const asked = {model, input: 'Hello', temperature: 0, max_output_tokens: 12};
const response = await client.responses.create(asked);
result.response = response.output_text;
result.responseUsage = response.usage;
const responses = client.responses.stream(asked);
result.responseEvents = [];
responses.on('event', event => result.responseEvents.push(event.type));
const streamed = await responses.finalResponse();
result.responseStreamed = streamed.output_text;
result.responseStatus = [response.status, streamed.status, streamed.incomplete_details?.reason ?? null];
const next = await client.responses.create({
  ...asked,
  instructions: 'Be brief.',
  input: [{role: 'user', content: 'Hello'}, ...response.output, {role: 'user', content: [{type: 'input_text', text: 'And?'}]}],
});
result.responseNext = next.usage.input_tokens;
const fitting = await client.responses.parse(
  {model, input: 'Hello', text: {format: {type: 'json_schema', name: 'answer', strict: true, schema}}});
result.responseParsed = fitting.output_parsed ?? JSON.parse(fitting.output_text);

result.errors = {};
async function refused(name, call) {
  try {
    await call();
    result.errors[name] = null;
  } catch (error) {
    result.errors[name] = {kind: error.constructor.name, status: error.status, param: error.param, code: error.code, id: !!error.requestID};
  }
}
await refused('field', () => client.chat.completions.create({model, messages, tempreature: 1}));
await refused('model', () => client.chat.completions.create({model: 'gpt-4', messages}));
await refused('key', () => new OpenAI({baseURL, apiKey: 'another key, a wrong one', maxRetries: 0}).models.list());
await refused('route', () => client.embeddings.create({model, input: 'x'}));

const abort = new AbortController();
const stopped = await client.chat.completions.create({model, messages, stream: true}, {signal: abort.signal});
for await (const chunk of stopped) {
  abort.abort();
}
result.aborted = true;

console.log(JSON.stringify(result));
