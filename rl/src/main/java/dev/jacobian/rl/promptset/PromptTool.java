// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import dev.jacobian.io.rows.Rows;
import java.util.List;

/**
 * Finds something out of every row of a set of prompts. The same rows and settings give the same findings: what is random depends on
 * a seed and the row alone.
 */
public interface PromptTool {
    /** What the distribution is of, in words: {@code pass rate}. */
    String measure();

    /** The bins of the distribution in their order; those not named here follow in the order of their names. */
    List<String> bins();

    /**
     * Reads all rows.
     *
     * @return a finding for each, in order
     * @throws dev.jacobian.io.FormatException naming file and row, of one that is no prompt
     */
    List<Finding> find(Rows data);
}
