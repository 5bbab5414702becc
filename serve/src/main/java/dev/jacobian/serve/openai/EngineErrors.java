// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.serve.http.WebException;
import dev.jacobian.transformer.generation.NeverFitsException;
import dev.jacobian.transformer.generation.UnusableSettingsException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/** What an engine refuses and what fails in it, in the words of the protocol. */
final class EngineErrors {
    private EngineErrors() {}

    /** Asks the engine for something; what it refuses is told with a status. */
    static <T> T told(Supplier<T> asked) {
        try {
            return asked.get();
        } catch (RejectedExecutionException e) {
            throw new WebException(
                    429, "rate_limit_error", String.valueOf(e.getMessage()), null, "rate_limit_exceeded");
        } catch (IllegalArgumentException e) {
            throw WebException.malformed(String.valueOf(e.getMessage()));
        } catch (NeverFitsException e) {
            throw WebException.malformed(e.reason() + ". Shorten the prompt, or ask for fewer tokens");
        } catch (IllegalStateException e) { // closing, or broken
            throw new WebException(503, "server_error", String.valueOf(e.getMessage()), null, "service_unavailable");
        }
    }

    /** The failure of something that was taken on. */
    static WebException failed(Throwable failure) {
        if (failure instanceof UnusableSettingsException) {
            return WebException.malformed(String.valueOf(failure.getMessage()));
        }
        System.getLogger(EngineErrors.class.getName()).log(System.Logger.Level.ERROR, "generation failed", failure);
        return WebException.internal();
    }
}
