// SPDX-License-Identifier: Apache-2.0
/** A small HTTP server for JSON and event streams: who may ask, what a request may cost, what a refusal looks like. Knows no models. */
package dev.jacobian.serve.http;
