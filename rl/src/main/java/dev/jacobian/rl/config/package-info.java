// SPDX-License-Identifier: Apache-2.0

/**
 * Settings: records whose components are the keys of a flat JSON object.
 *
 * <p>A key is stated once, as a component with its {@link dev.jacobian.rl.config.Setting default and meaning}. Its name in JSON
 * and on the command line is the component's in snake case, mostly TRL's name. {@link dev.jacobian.rl.config.ConfigTree}
 * writes, reads and lists such records; {@link dev.jacobian.rl.config.Given} carries values that were set, with the place that
 * each comes from. The parts that kinds of training share are here too.
 */
package dev.jacobian.rl.config;
