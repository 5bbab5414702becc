// SPDX-License-Identifier: Apache-2.0

/** Rollouts on other machines: workers that sample for a master, by HTTP. */
module dev.jacobian.cluster {
    requires transitive dev.jacobian.rl;
    requires dev.jacobian.serve;

    exports dev.jacobian.cluster;
    exports dev.jacobian.cluster.plan;
}
