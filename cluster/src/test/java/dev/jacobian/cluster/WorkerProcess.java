// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import dev.jacobian.tensor.ComputePool;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A worker in a JVM of its own, which a test may kill, stop and start again at the same port. */
final class WorkerProcess implements AutoCloseable {
    private final Path scratch;
    private Process process;
    private int port;

    WorkerProcess(Path scratch) throws IOException {
        this.scratch = scratch;
        this.process = start(0);
    }

    /** The program; its arguments: port, folder. */
    public static void main(String[] args) throws IOException, InterruptedException {
        ComputePool.setThreads(1);
        WorkerServer server = WorkerServer.builder(TestRuns.SECRET)
                .scratch(Path.of(args[1]))
                .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])));
        System.out.println(server.address().getPort());
        System.in.read(); // until the test has ended, however it did
        System.exit(0);
    }

    /** A program of these tests in a JVM like this one. */
    static ProcessBuilder program(Class<?> program, Object... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx400m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-modules",
                "jdk.incubator.vector",
                "-Djacobian.testdata=" + System.getProperty("jacobian.testdata"),
                "-cp",
                classPath(),
                program.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    }

    /** What these tests run on, whether a launcher has it on its module path, its class path or in a loader of its own. */
    private static String classPath() {
        List<String> parts = new ArrayList<>();
        parts.add(Path.of("target", "test-classes").toAbsolutePath().toString());
        parts.add(System.getProperty("jdk.module.path", ""));
        parts.add(System.getProperty("java.class.path"));
        if (WorkerProcess.class.getClassLoader() instanceof URLClassLoader loader) {
            for (URL url : loader.getURLs()) {
                parts.add(Path.of(URI.create(url.toString())).toString());
            }
        }
        return String.join(File.pathSeparator, parts);
    }

    private Process start(int wanted) throws IOException {
        Process started = program(WorkerProcess.class, wanted, scratch).start();
        BufferedReader lines = started.inputReader(StandardCharsets.UTF_8);
        String line = lines.readLine();
        if (line == null) {
            throw new IOException("the worker's process ended before it listened");
        }
        port = Integer.parseInt(line);
        return started;
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /** Kills it, as the system does that is out of memory. */
    void kill() {
        process.destroyForcibly();
        join();
    }

    private void join() {
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts it again where it was. */
    void again() {
        try {
            process = start(port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** STOP, after which it does nothing and answers nobody, or CONT. */
    void signal(String name) {
        try {
            int code = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IOException("cannot send " + name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        kill();
    }
}
