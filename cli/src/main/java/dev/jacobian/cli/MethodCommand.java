// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.OfflineMethod;
import picocli.CommandLine.Command;

/** {@code jacobian NAME} of a method for recorded data that has no command of its own: what is listed can be run. */
@Command(header = "Train a model with this method; 'jacobian methods' says what it is and which settings it has.")
final class MethodCommand extends OfflineCommand {
    MethodCommand(Streams streams, OfflineMethod<?> method) {
        super(streams, method);
    }
}
