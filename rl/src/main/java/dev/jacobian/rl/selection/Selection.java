// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** Which completions become rows of data. */
public interface Selection {
    /** Says that there are no rows. */
    Optional<String> NOTHING = Optional.of("no answer is kept");

    /** What it is called. */
    String description();

    /** The rows that a problem gives, perhaps none. */
    List<ObjectNode> rows(SampledProblem problem);

    /** What the rows of all problems lack so that something can be learned from them; empty if nothing. Having none is a lack of every selection. */
    default Optional<String> missing(List<ObjectNode> rows) {
        return rows.isEmpty() ? NOTHING : Optional.empty();
    }
}
