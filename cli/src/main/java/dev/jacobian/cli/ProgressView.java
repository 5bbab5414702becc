// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.util.List;

/** Where progress is shown. */
sealed interface ProgressView extends AutoCloseable permits ProgressBar, ProgressLines {
    /** Shows where the run is; may keep {@code state} and look at it again later. */
    void show(ProgressState state);

    /** Prints lines that stay, in order. They hold no control characters. */
    void print(List<String> lines);

    @Override
    void close();
}
