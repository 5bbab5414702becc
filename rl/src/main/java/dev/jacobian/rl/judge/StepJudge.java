// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import java.util.List;

/** Somebody who says how good the last step of a chain is. */
public interface StepJudge {
    /** What ends a step. */
    String separator();

    /**
     * How likely the last step of each chain is right.
     *
     * @param prompts of each
     * @param texts what was said behind them so far
     * @return [chains], the larger the better
     */
    double[] last(List<String> prompts, List<String> texts);
}
