// SPDX-License-Identifier: Apache-2.0
// Lets the client call a function for the model. Arguments: base URL, model. Prints one JSON object.
import OpenAI from 'openai';

const [baseURL, model] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey: process.env.KEY, maxRetries: 0});
const messages = [{role: 'user', content: 'Hello'}];
const tools = [{type: 'function', function: {name: 'add', parameters: {type: 'object', properties: {a: {type: 'integer'}}}}}];
const result = {calls: []};

const answer = await client.chat.completions.create({model, messages, tools});
result.finish = answer.choices[0].finish_reason;
result.call = answer.choices[0].message.tool_calls[0].function;

const stream = client.chat.completions.stream({model, messages, tools});
result.streamed = (await stream.finalMessage()).tool_calls[0].function;

console.log(JSON.stringify(result));
