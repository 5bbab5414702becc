// SPDX-License-Identifier: Apache-2.0
/** Models over HTTP: an OpenAI-compatible endpoint and a page to chat with. */
package dev.jacobian.serve;
