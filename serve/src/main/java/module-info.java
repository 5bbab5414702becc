// SPDX-License-Identifier: Apache-2.0
/** Models over HTTP: an OpenAI-compatible endpoint, a page to chat with, and the small server under both. */
module dev.jacobian.serve {
    requires transitive dev.jacobian.transformer;
    requires jdk.httpserver;

    exports dev.jacobian.serve;
    exports dev.jacobian.serve.http;
}
