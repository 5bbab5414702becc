// SPDX-License-Identifier: Apache-2.0

/** The {@code jacobian} command. */
module dev.jacobian.cli {
    requires dev.jacobian.cluster;
    requires dev.jacobian.rl;
    requires dev.jacobian.serve;
    requires info.picocli;
    requires jdk.incubator.vector; // for what the processor can do at most; a class of its own, not needed elsewhere
    requires jdk.management;
    requires jdk.unsupported; // through JLine: the signal that a terminal was resized
    requires org.jline.reader;
    requires org.jline.terminal;

    exports dev.jacobian.cli;

    opens dev.jacobian.cli to
            info.picocli;

    provides System.LoggerFinder with
            dev.jacobian.cli.ConsoleLoggers;
}
