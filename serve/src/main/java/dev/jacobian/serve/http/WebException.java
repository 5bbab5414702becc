// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Nullable;
import java.util.Optional;

/**
 * A request that is not answered as wished, in the form that OpenAI's clients read: a status and {@code {"error": {message,
 * type, param, code}}}.
 */
public final class WebException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final @Nullable String code;

    /**
     * @param status of the response, 400 to 599
     * @param type what kind of error it is, such as {@code invalid_request_error}
     * @param param the field of the request that is to blame; null if none is
     * @param code a name of the error for programs; null if it has none
     */
    public WebException(int status, String type, String message, @Nullable String param, @Nullable String code) {
        super(message);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
    }

    /** A field of the request is wrong (400). */
    public static WebException invalid(String param, String message) {
        return new WebException(400, "invalid_request_error", message, param, null);
    }

    /** The request as a whole is wrong (400). */
    public static WebException malformed(String message) {
        return new WebException(400, "invalid_request_error", message, null, null);
    }

    /** Something that the server does not have (404). */
    public static WebException notFound(String message, String code) {
        return new WebException(404, "invalid_request_error", message, null, code);
    }

    /** The server's own failure (500); its cause is logged, not told. */
    public static WebException internal() {
        return new WebException(
                500, "server_error", "the server failed on this request; its log says how", null, "internal_error");
    }

    /** Status of the response. */
    public int status() {
        return status;
    }

    /** The field that is to blame, if one is. */
    public Optional<String> param() {
        return Optional.ofNullable(param);
    }

    /** The response's body. */
    public ObjectNode toJson() {
        ObjectNode body = Json.object();
        body.putObject("error")
                .put("message", getMessage())
                .put("type", type)
                .put("param", param)
                .put("code", code);
        return body;
    }
}
