// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import dev.jacobian.tensor.Nullable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A program that is ready to run, or was refused by its compiler. Close it to remove its files. */
public final class Prepared implements AutoCloseable {
    private final Sandbox sandbox;
    private final Program program;
    private final @Nullable Path folder;
    private final @Nullable Outcome refused;

    /** Ready. */
    Prepared(Sandbox sandbox, Program program, Path folder) {
        this.sandbox = sandbox;
        this.program = program;
        this.folder = folder;
        this.refused = null;
    }

    /** Refused. */
    Prepared(Sandbox sandbox, Program program, Outcome refused) {
        this.sandbox = sandbox;
        this.program = program;
        this.folder = null;
        this.refused = refused;
    }

    /** What the compiler had to say when it refused the program. */
    public Optional<Outcome> refused() {
        return Optional.ofNullable(refused);
    }

    /**
     * Runs it once.
     *
     * @param stdin what it can read from standard input
     * @throws SandboxException as {@link Sandbox#run}
     */
    public Outcome run(byte[] stdin, Limits limits) {
        if (folder == null || refused != null) {
            return refused().orElseThrow();
        }
        List<String> command =
                new ArrayList<>(Language.filled(program.language().run(), sandbox.at(folder), limits.memoryBytes()));
        command.addAll(program.arguments());
        return sandbox.execute(folder, command, program.language(), limits, stdin);
    }

    @Override
    public void close() {
        if (folder != null) {
            Tools.delete(folder);
        }
    }
}
