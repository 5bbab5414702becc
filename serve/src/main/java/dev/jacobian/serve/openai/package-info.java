// SPDX-License-Identifier: Apache-2.0
/** OpenAI's protocol: what its requests say, what its responses look like. */
package dev.jacobian.serve.openai;
