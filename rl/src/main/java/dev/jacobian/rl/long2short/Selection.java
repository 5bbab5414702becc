// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Which completions become rows of data. */
public interface Selection {
    /** What it is called. */
    String name();

    /** The rows that a problem gives, perhaps none. */
    List<ObjectNode> rows(SampledProblem problem);
}
