// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;

/**
 * Routes over the JDK's own HTTP server.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>{@code jdk.httpserver} rather than Jetty, Helidon or Undertow: no dependency, mended with the JDK, and HTTP/1.1 with chunked
 *       responses is all that JSON and server-sent events need. TLS is there for who brings a key; HTTP/2 is a reverse proxy's business.
 *   <li>A virtual thread for each request, so handlers are plain blocking code.
 *   <li>The order of checks: who asks ({@link Access}), for what (404, 405), whether there is room (429), and only then the body.
 *   <li>The JDK's server has its limits in system properties, read once in a process: unless they are set, 30 seconds for a client
 *       to send its request, 256 connections, 100 headers of 64 KiB together.
 *   <li>Of a body that is refused unread up to 256 MiB are read and thrown away behind the answer, as long as {@link
 *       WebLimits#writing} lasts: a connection that ends with something unread is reset, and the client would never see why.
 * </ul>
 */
public final class WebServer implements AutoCloseable {
    private static final Logger LOG = System.getLogger(WebServer.class.getName());

    /** The status under which a request counts whose client went before it was answered. */
    private static final int CLIENT_GONE = 499;

    static {
        usually("sun.net.httpserver.maxReqTime", "30");
        usually("sun.net.httpserver.maxReqHeaders", "100");
        usually("sun.net.httpserver.maxReqHeaderSize", String.valueOf(64 << 10));
        usually("sun.net.httpserver.drainAmount", String.valueOf(256 << 20));
        usually("sun.net.httpserver.nodelay", "true"); // or a token waits for the one behind it
        usually("jdk.httpserver.maxConnections", "256");
    }

    private final HttpServer server;
    private final Access access;
    private final WebLimits limits;
    private final List<Route> routes;
    private final AnswerListener listener;
    private final Semaphore room;
    private final ExecutorService handlers = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService timer;
    private final AtomicLong requests = new AtomicLong();

    private WebServer(Builder builder, InetSocketAddress address) throws IOException {
        this.access = builder.access;
        this.limits = builder.limits;
        this.routes = List.copyOf(builder.routes);
        this.listener = builder.listener;
        this.room = new Semaphore(limits.requests());
        access.requireFor(address.getAddress());
        this.server = builder.tls.isPresent() ? secure(address, builder.tls.get()) : HttpServer.create(address, 0);
        this.timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("jacobian-serve-timer").factory());
        server.setExecutor(handlers);
        server.createContext("/", this::handle);
        server.start();
    }

    private static HttpServer secure(InetSocketAddress address, SSLContext context) throws IOException {
        HttpsServer secure = HttpsServer.create(address, 0);
        secure.setHttpsConfigurator(new HttpsConfigurator(context));
        return secure;
    }

    private static void usually(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /** A server without routes that only this machine may ask. */
    public static Builder builder() {
        return new Builder();
    }

    /** Where it listens; with the port that was found, if 0 was asked for. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /** Refuses new connections, lets what runs go on for so long, and ends. */
    public void stop(Duration grace) {
        server.stop(Math.clamp(grace.toSeconds(), 0, Integer.MAX_VALUE));
        handlers.shutdownNow();
        timer.shutdownNow();
    }

    /** Ends at once. */
    @Override
    public void close() {
        stop(Duration.ZERO);
    }

    private void handle(HttpExchange exchange) {
        String id = "req_" + Long.toHexString(requests.incrementAndGet());
        // A target such as mailto:x has none. The JDK's server hangs up on it by itself, which is not written down
        // anywhere.
        String path = Objects.requireNonNullElse(exchange.getRequestURI().getPath(), "");
        String asked = exchange.getRequestMethod();
        String method = asked.equals("HEAD") ? "GET" : asked;
        Optional<Route> route = routes.stream()
                .filter(r -> r.fits(path) && r.method.equals(method))
                .findFirst();
        WebRequest request = new WebRequest(
                exchange,
                id,
                route.map(r -> path.substring(r.path.length())).orElse(""),
                limits,
                new WriteLimit(timer, limits.writing()));
        request.setHeader("x-request-id", id);
        request.setHeader("X-Content-Type-Options", "nosniff");
        try {
            answer(request, exchange, path, route);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, () -> id + ": the client has gone: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            int status = exchange.getResponseCode();
            listener.onAnswer(route.map(r -> r.path).orElse(""), status == -1 ? CLIENT_GONE : status);
            exchange.close();
        }
    }

    private void answer(WebRequest request, HttpExchange exchange, String path, Optional<Route> route)
            throws IOException, InterruptedException {
        try {
            access.check(
                    exchange.getRequestHeaders(), route.map(r -> r.isPublic).orElse(false) || isPreflight(exchange));
            access.allowedOrigin(exchange.getRequestHeaders()).ifPresent(origin -> allow(request, origin));
            if (isPreflight(exchange)) {
                request.reply(204, "text/plain", new byte[0]);
                return;
            }
            if (!path.startsWith("/")) {
                throw WebException.malformed("the target of the request, '" + exchange.getRequestURI()
                        + "', is no path; ask for one such as /health");
            }
            Route found = route.orElseThrow(() -> noRoute(request, exchange, path));
            if (found.isPublic) {
                found.handler.handle(request); // also while the server is busy: health is asked just then
                return;
            }
            if (!room.tryAcquire()) {
                request.setHeader("Retry-After", "1");
                throw new WebException(
                        429,
                        "rate_limit_error",
                        "the server is busy with " + limits.requests() + " requests; come again",
                        null,
                        "rate_limit_exceeded");
            }
            try {
                found.handler.handle(request);
            } finally {
                room.release();
            }
        } catch (WebException e) {
            refuse(request, e);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, request.id() + ": " + exchange.getRequestMethod() + " " + path + " failed", e);
            refuse(request, WebException.internal());
        }
    }

    private static void refuse(WebRequest request, WebException e) throws IOException {
        if (!request.hasBegun()) {
            request.reply(e.status(), e.toJson());
        }
    }

    /** A browser that asks whether a page from elsewhere may ask. */
    private static boolean isPreflight(HttpExchange exchange) {
        return exchange.getRequestMethod().equals("OPTIONS")
                && exchange.getRequestHeaders().containsKey("Access-Control-Request-Method");
    }

    private static void allow(WebRequest request, String origin) {
        request.setHeader("Access-Control-Allow-Origin", origin);
        request.setHeader("Access-Control-Allow-Headers", "authorization, content-type");
        request.setHeader("Access-Control-Allow-Methods", "GET, POST");
        request.setHeader("Vary", "Origin");
    }

    private WebException noRoute(WebRequest request, HttpExchange exchange, String path) {
        TreeSet<String> methods = new TreeSet<>();
        routes.stream().filter(r -> r.fits(path)).forEach(r -> methods.add(r.method));
        if (methods.isEmpty()) {
            return WebException.notFound("there is no " + path + " here", "unknown_url");
        }
        request.setHeader("Allow", String.join(", ", methods));
        return new WebException(
                405,
                "invalid_request_error",
                path + " takes " + String.join(" or ", methods) + ", not " + exchange.getRequestMethod(),
                null,
                "method_not_allowed");
    }

    /** A path, or with a slash at its end all paths below it. */
    private record Route(String method, String path, boolean isPublic, WebHandler handler) {
        boolean fits(String asked) {
            return path.length() > 1 && path.endsWith("/")
                    ? asked.startsWith(path) && asked.length() > path.length()
                    : asked.equals(path);
        }
    }

    /** Builds a {@link WebServer}. */
    public static final class Builder {
        private final List<Route> routes = new ArrayList<>();
        private Access access = Access.local();
        private WebLimits limits = WebLimits.DEFAULT;
        private AnswerListener listener = (route, status) -> {};
        private Optional<SSLContext> tls = Optional.empty();

        private Builder() {}

        public Builder access(Access value) {
            access = value;
            return this;
        }

        public Builder limits(WebLimits value) {
            limits = value;
            return this;
        }

        public Builder listener(AnswerListener value) {
            listener = value;
            return this;
        }

        /** Speaks TLS, with the key and the certificate of a context. */
        public Builder secure(SSLContext context) {
            tls = Optional.of(context);
            return this;
        }

        /** Answers requests for a path; with a slash at its end, for all paths below it. */
        public Builder route(String method, String path, WebHandler handler) {
            routes.add(new Route(method, path, false, handler));
            return this;
        }

        /** The same for everyone who may ask at all, with or without the key: nothing secret and nothing that costs. */
        public Builder publicRoute(String method, String path, WebHandler handler) {
            routes.add(new Route(method, path, true, handler));
            return this;
        }

        /**
         * Begins to listen.
         *
         * @throws IllegalArgumentException if others can reach the address and there is no key
         * @throws IOException if the address cannot be had, as when another program listens there
         */
        public WebServer start(InetSocketAddress address) throws IOException {
            return new WebServer(this, address);
        }
    }
}
