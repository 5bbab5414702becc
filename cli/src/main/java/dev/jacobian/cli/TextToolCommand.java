// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import picocli.CommandLine.Mixin;

/** A tool that looks at the texts of rows alone. */
abstract class TextToolCommand extends PromptToolCommand {
    @Mixin
    private DataOption data;

    TextToolCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        data.check(this);
        if (!data.isGiven()) {
            throw usage("--data PATH names the rows that are looked at");
        }
    }

    @Override
    Rows rows() {
        return data.rows().orElseThrow();
    }
}
