// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options that every command has. */
final class CommonOptions {
    private static final int MAX_THREADS = 4096;

    /** Behind a command's own options in its help. */
    static final int FIRST = 100;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--seed",
            order = FIRST + 0,
            paramLabel = "N",
            description = "Key of all random numbers; the same seed gives the same output (default: 0).")
    private Optional<Long> seed = Optional.empty(); // picocli knows Optional but not OptionalLong

    @Option(
            names = "--device",
            order = FIRST + 1,
            paramLabel = "DEVICE",
            defaultValue = "auto",
            converter = DeviceChoice.Converter.class,
            description = "cpu, cuda, cuda:N or auto (default: ${DEFAULT-VALUE}).")
    private DeviceChoice device;

    @Option(
            names = "--threads",
            order = FIRST + 2,
            paramLabel = "N",
            description = "Compute threads; results do not depend on it (default: the processors of the machine).")
    private Optional<Integer> threads = Optional.empty();

    @Option(names = "--json", order = FIRST + 3, description = "Print the result as JSON on standard output.")
    private boolean json;

    @Option(names = "--debug", order = FIRST + 4, description = "Print a stack trace when something fails.")
    private boolean debug; // read from the arguments by Cli, which must know it even if parsing fails

    /** The seed, 0 if none was given. */
    long seed() {
        return seed.orElse(0L);
    }

    /** The seed, if one was given. */
    OptionalLong givenSeed() {
        return seed.map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    boolean json() {
        return json;
    }

    /** Makes the choices effective and says what runs where. */
    void apply(Streams streams) {
        threads.ifPresent(this::setThreads);
        device.require();
        int count = ComputePool.threads();
        streams.note("JDK " + JavaRuntime.version() + ", " + Backends.cpu().name() + " kernels, " + count
                + (count == 1 ? " thread" : " threads") + ", device " + device.describe());
        JavaRuntime.problem().ifPresent(problem -> streams.note("warning: " + problem));
    }

    private void setThreads(int count) {
        if (count < 1 || count > MAX_THREADS) {
            throw new ParameterException(
                    spec.commandLine(), "--threads must lie between 1 and " + MAX_THREADS + ", found " + count);
        }
        ComputePool.setThreads(count);
    }
}
