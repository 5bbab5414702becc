// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * An environment behind an OpenEnv server: each episode is a session there.
 *
 * <p>What it observes first stands behind the prompt; what a step earns is the turn's reward. An action that the server refuses is the
 * policy's mistake, and it is told of it; anything else that goes wrong is the sample's failure.
 *
 * <p>A server may answer as it likes, so a run in it cannot be promised to be repeatable, nor to resume to the same bits. The seed that
 * {@code reset} is given is the same for all samples of a problem; a server that goes by it lets them begin alike.
 */
public final class OpenEnv implements Environment {
    private static final int HTTP = 80;
    private static final int HTTPS = 443;
    private static final int CONNECT_MILLIS = 10_000;

    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1");

    private final URI base;
    private final ActionForm form;
    private final String actionField;
    private final String observationField;
    private final int mostSessions;
    private final EnvironmentLimits limits;
    private final HttpClient http;
    private final List<ObjectNode> tools;

    /**
     * An environment. Its server must be there; with {@link ActionForm#TOOLS} it is asked for its tools now.
     *
     * @param base address of the server
     * @param form how what the policy says becomes an action
     * @param actionField the member, where an action has one
     * @param observationField the member of an observation that the policy is told; empty: the only one if there is one, and that is a text, or
     *     else all of it as JSON
     * @param mostSessions that the server has at a time
     * @param limits how far an episode may go
     * @throws IOException if nobody listens at the address, or the server does not tell its tools
     */
    public OpenEnv(
            URI base,
            ActionForm form,
            String actionField,
            String observationField,
            int mostSessions,
            EnvironmentLimits limits)
            throws IOException, InterruptedException {
        this.base = base;
        this.form = form;
        this.actionField = actionField;
        this.observationField = observationField;
        this.mostSessions = mostSessions;
        this.limits = limits;
        OpenEnvClient.address(base);
        requireListening();
        HttpClient.Builder builder = HttpClient.newBuilder();
        this.http = (LOCAL.contains(base.getHost()) ? builder.proxy(HttpClient.Builder.NO_PROXY) : builder).build();
        this.tools = form == ActionForm.TOOLS ? askTools() : List.of();
    }

    /** A server that is not there is told before the first sample, and without taking one of its sessions. */
    private void requireListening() throws IOException {
        ProxySelector proxies = ProxySelector.getDefault();
        boolean isDirect = LOCAL.contains(base.getHost())
                || proxies == null
                || proxies.select(URI.create("http://" + base.getHost())).equals(List.of(Proxy.NO_PROXY));
        if (!isDirect) {
            return;
        }
        boolean isSecure = String.valueOf(base.getScheme()).matches("https|wss");
        int port = base.getPort() >= 0 ? base.getPort() : isSecure ? HTTPS : HTTP;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(base.getHost(), port), CONNECT_MILLIS);
        } catch (IOException e) {
            throw new IOException(
                    "nobody listens at " + base + " (" + e.getMessage() + "). Start the OpenEnv server, or give its"
                            + " address: --set url=http://HOST:PORT",
                    e);
        }
    }

    private List<ObjectNode> askTools() throws IOException, InterruptedException {
        try (OpenEnvClient client = connect()) {
            List<OpenEnvClient.RemoteTool> remote = client.tools();
            if (remote.isEmpty()) {
                throw new OpenEnvException("", base + " offers no tools; take another form of actions");
            }
            return remote.stream().map(OpenEnv::schema).toList();
        }
    }

    private static ObjectNode schema(OpenEnvClient.RemoteTool tool) {
        ObjectNode schema = Json.object().put("type", "function");
        schema.putObject("function")
                .put("name", tool.name())
                .put("description", tool.description())
                .set("parameters", tool.parameters());
        return schema;
    }

    private OpenEnvClient connect() throws IOException, InterruptedException {
        return OpenEnvClient.connect(http, base, Duration.ofMillis((long) (1000 * limits.stepTimeout())));
    }

    @Override
    public String name() {
        return "openenv";
    }

    @Override
    public List<ObjectNode> tools() {
        return tools;
    }

    @Override
    public EnvironmentLimits limits() {
        return limits;
    }

    @Override
    public List<String> stops() {
        return List.of("\n");
    }

    @Override
    public int mostSessions() {
        return mostSessions;
    }

    @Override
    public boolean isRepeatable() {
        return false;
    }

    @Override
    public Session reset(Start start) throws IOException, InterruptedException {
        if (form == ActionForm.TOOLS && start.calls().isEmpty()) {
            throw new OpenEnvException("", "tools need a model whose chat template shows it how to call them");
        }
        OpenEnvClient client = connect();
        try {
            OpenEnvClient.Step first = client.reset(start.seed(), start.problemId() + "-" + start.sample());
            Observed observed = new Observed(observationField);
            return form == ActionForm.TOOLS
                    ? new ToolSession(client, first, observed, start.calls().orElseThrow())
                    : new ActionSession(client, first, observed, form == ActionForm.FIELD ? actionField : "");
        } catch (IOException | InterruptedException | RuntimeException broken) {
            client.close();
            throw broken;
        }
    }

    /** Ends what is under way. */
    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
