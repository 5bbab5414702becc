// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import java.util.List;
import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One rollout task carried out in this process, for training or for an evaluation, in every flight recording. */
@Name("dev.jacobian.Rollout")
@Label("Rollout")
@Category("Jacobian")
@StackTrace(false)
final class RolloutEvent extends Event {
    @Label("Prompts")
    int prompts;

    @Label("Samples")
    int samples;

    @Label("Sampled Tokens")
    long tokens;

    /** Ends the event and writes it if a recording wants it. */
    void commit(List<Group> groups) {
        end();
        if (shouldCommit()) {
            prompts = groups.size();
            samples = groups.stream().mapToInt(Group::size).sum();
            tokens = groups.stream().mapToLong(Group::tokens).sum();
            commit();
        }
    }
}
