// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.serve.http.WebException;
import java.io.IOException;

/** Puts an answer into the form of a response: as events while it comes, or as one object when it is whole. */
interface AnswerWriter {
    /** Something was added. */
    void add(Delta delta) throws IOException;

    /** Shows the client that it is not forgotten. */
    void beat() throws IOException;

    /** All choices have ended. */
    void end(Usage usage) throws IOException;

    /** The answer fails behind its beginning. */
    void fail(WebException reason) throws IOException;
}
