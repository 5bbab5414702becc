// SPDX-License-Identifier: Apache-2.0
/** Models over HTTP: an OpenAI-compatible endpoint, a page to chat with, a training service, and the small server under all. */
module dev.jacobian.serve {
    requires transitive dev.jacobian.rl;
    requires jdk.httpserver;

    exports dev.jacobian.serve;
    exports dev.jacobian.serve.http;
    exports dev.jacobian.serve.training;
}
