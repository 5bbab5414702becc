// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.Checkpoints;
import dev.jacobian.transformer.DeviceLimits;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
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
            description = "cpu, cuda, cuda:N or auto: the first GPU if there is one (default: ${DEFAULT-VALUE}).")
    private DeviceChoice choice;

    private DeviceChoice.Decision decision = new DeviceChoice.Decision(Device.CPU, "");

    @Option(
            names = "--compute",
            order = FIRST + 2,
            paramLabel = "TYPE",
            converter = ComputeMode.Converter.class,
            description = "What to compute in: f32, or on a GPU tf32 (matrix products that round their inputs) or bf16,"
                    + " meant to be faster; sums, log-probabilities and trained weights stay F32 (default: f32, or what"
                    + " a resumed run was started with).")
    private Optional<ComputeMode> compute = Optional.empty();

    @Option(
            names = "--batch-invariant",
            order = FIRST + 3,
            negatable = true,
            arity = "0",
            description =
                    "On a GPU: the same bits whatever the batch, as the CPU always gives them; slower (default: no,"
                            + " or what a resumed run was started with).")
    private Optional<Boolean> batchInvariant = Optional.empty();

    private ChosenArithmetic arithmetic = ChosenArithmetic.DEFAULT;

    @Option(
            names = "--threads",
            order = FIRST + 4,
            paramLabel = "N",
            description = "Compute threads; results do not depend on it (default: the processors of the machine).")
    private Optional<Integer> threads = Optional.empty();

    @Option(names = "--json", order = FIRST + 5, description = "Print the result as JSON on standard output.")
    private boolean json;

    @Option(names = "--debug", order = FIRST + 6, description = "Print a stack trace when something fails.")
    @SuppressWarnings("unused")
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

    /**
     * Where and in what to compute with a model; known once {@link #apply} has run. A device that nobody asked for is not
     * taken for a model that it cannot compute.
     *
     * @param folder of the model's checkpoint
     */
    ModelOptions model(Path folder, Streams streams) {
        if (GgufFile.isNamed(folder)) {
            streams.note(folder.getFileName() + " has " + Checkpoints.storedTypes(folder)
                    + " tensors; they are held as --weights says, and as f32 where it says nothing");
        }
        if (decision.isAutomatic() && decision.device().kind() == Device.Kind.CUDA) {
            Optional<String> refusal =
                    DeviceLimits.refusal(Checkpoints.config(folder).plan(), decision.device(), "a GPU");
            if (refusal.isPresent()) {
                decision = new DeviceChoice.Decision(Device.CPU, "the model " + refusal.get());
                requireComputable();
                streams.note("device " + decision);
            }
        }
        return arithmetic.on(decision.device());
    }

    /**
     * Makes the choices effective and says what runs where.
     *
     * @param computes whether the command needs the device: opening one takes longer than counting tokens
     * @param usual what to compute in where the options say nothing
     */
    void apply(Streams streams, boolean computes, ChosenArithmetic usual) {
        threads.ifPresent(this::setThreads);
        int count = ComputePool.threads();
        StringBuilder note = new StringBuilder("JDK " + JavaRuntime.version() + ", "
                + Backends.cpu().name() + " kernels, " + count + (count == 1 ? " thread" : " threads"));
        if (computes) {
            decision = choice.decide();
            boolean gpu = decision.device().kind() == Device.Kind.CUDA;
            boolean another = compute.isPresent() && compute.get() != usual.compute(); // and so other bits anyway
            arithmetic = new ChosenArithmetic(
                    compute.orElse(gpu ? usual.compute() : ComputeMode.F32),
                    batchInvariant.orElse(!another && usual.batchInvariant()));
            requireComputable();
            note.append(", device ").append(decision);
            if (gpu) {
                note.append(", computing in ").append(arithmetic);
            }
        }
        streams.note(note.toString());
        JavaRuntime.problem().ifPresent(problem -> streams.note("warning: " + problem));
    }

    private void requireComputable() {
        if (arithmetic.compute() != ComputeMode.F32 && decision.device().kind() == Device.Kind.CPU) {
            throw new CliException("--compute " + arithmetic.compute().label() + " needs a GPU, the device is "
                    + decision + ". Leave it out; the CPU computes in F32");
        }
    }

    private void setThreads(int count) {
        if (count < 1 || count > MAX_THREADS) {
            throw new ParameterException(
                    spec.commandLine(), "--threads must lie between 1 and " + MAX_THREADS + ", found " + count);
        }
        ComputePool.setThreads(count);
    }
}
