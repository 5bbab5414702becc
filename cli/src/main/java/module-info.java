// SPDX-License-Identifier: Apache-2.0

/** The {@code jacobian} command. */
module dev.jacobian.cli {
    requires dev.jacobian.rl;
    requires info.picocli;
    requires jdk.management;

    exports dev.jacobian.cli;

    opens dev.jacobian.cli to
            info.picocli;
}
