// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.cluster.Secret;
import dev.jacobian.cluster.Tls;
import dev.jacobian.cluster.WorkerServer;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code worker}: samples for the runs of other processes. */
@Command(
        name = "worker",
        header = "Sample for training runs on other machines.",
        description = {
            "Draws samples for 'jacobian rl --workers http://HOST:PORT,...', which sends it everything: the model, its"
                + " weights after every step, and what to sample. It needs no model of its own, and can be stopped and"
                + " started at any moment: the runs' results do not depend on it.",
            "",
            "Only this machine may ask, unless there is a secret, which masters need too. With --json the first line is"
                    + " an object with url and port."
        },
        footer = {
            "%nExamples:",
            "  jacobian worker --listen 127.0.0.1:7070",
            "  jacobian worker --listen 0.0.0.0:7070 --secret-file secret.txt",
            "  jacobian worker --listen 0.0.0.0:7070 --secret-file secret.txt --key-store worker.p12"
                    + " --key-store-password-file password.txt"
        })
final class WorkerCommand extends CliCommand {
    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:7070",
            description = "Where to listen; port 0 for any that is free (default: ${DEFAULT-VALUE}).")
    private String listen;

    @Option(
            names = "--secret-file",
            paramLabel = "FILE",
            description = "File with the secret that masters must have too, 16 or more characters.")
    private Optional<Path> secretFile = Optional.empty();

    @Option(
            names = "--key-store",
            paramLabel = "FILE",
            description = "Speak TLS (https), with the key and the certificate of this PKCS#12 or JKS file.")
    private Optional<Path> keyStore = Optional.empty();

    @Option(
            names = "--key-store-password-file",
            paramLabel = "FILE",
            description = "File with the key store's password.")
    private Optional<Path> passwordFile = Optional.empty();

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Where the files of models are kept while it runs (default: the system's temporary folder).")
    private Optional<Path> scratch = Optional.empty();

    WorkerCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false; // on the CPU alone
    }

    @Override
    void checkUsage() {
        if (keyStore.isPresent() != passwordFile.isPresent()) {
            throw usage("--key-store and --key-store-password-file go together");
        }
        port();
        scratch.filter(directory -> !Files.isDirectory(directory)).ifPresent(directory -> {
            throw usage("--scratch " + directory + " is no folder; make it, or leave the option out");
        });
    }

    private int colon() {
        return listen.lastIndexOf(':');
    }

    private int port() {
        try {
            int port = Integer.parseInt(listen.substring(colon() + 1));
            if (colon() > 0 && port >= 0 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw usage("--listen takes HOST:PORT, such as 127.0.0.1:7070, found '" + listen + "'");
    }

    @Override
    void execute() {
        WorkerServer server = start(builder());
        boolean isReachable = !server.address().getAddress().isLoopbackAddress();
        if (isReachable && keyStore.isEmpty()) {
            streams()
                    .note("warning: without --key-store what is sent can be read on the way; it cannot be changed or"
                            + " sent again");
        }
        serve(server);
    }

    private WorkerServer.Builder builder() {
        try {
            WorkerServer.Builder builder = WorkerServer.builder(
                            secretFile.map(Secret::read).orElse(Secret.NONE))
                    .log(streams()::note);
            keyStore.ifPresent(file -> builder.secure(Tls.ofKeyStore(file, password())));
            scratch.ifPresent(builder::scratch);
            return builder;
        } catch (IllegalArgumentException e) {
            throw new CliException(String.valueOf(e.getMessage()), e);
        }
    }

    private String password() {
        Path file = passwordFile.orElseThrow();
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the password in " + file, e);
        }
    }

    private WorkerServer start(WorkerServer.Builder builder) {
        String host = listen.substring(0, colon()).replaceAll("[\\[\\]]", "");
        try {
            return builder.start(new InetSocketAddress(InetAddress.getByName(host), port()));
        } catch (UnknownHostException e) {
            throw new CliException("--listen " + listen + ": " + host + " is no address of this machine", e);
        } catch (IOException e) {
            throw new CliException(
                    "cannot listen at " + listen + " (" + e.getMessage()
                            + "). Another program may; port 0 takes any that is free",
                    e);
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage() + ": --secret-file FILE");
        }
    }

    /** Until the process or this thread is told to end. */
    private void serve(WorkerServer server) {
        Thread atExit = new Thread(server::close, "jacobian-worker-exit");
        Runtime.getRuntime().addShutdownHook(atExit);
        String address = server.address().getAddress().getHostAddress();
        int port = server.address().getPort();
        String url = (keyStore.isPresent() ? "https://" : "http://")
                + (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
        if (common().json()) {
            streams().json(Json.object().put("url", url).put("port", port));
        } else {
            streams().line("a worker at " + url);
        }
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Runtime.getRuntime().removeShutdownHook(atExit);
            server.close();
        }
    }
}
