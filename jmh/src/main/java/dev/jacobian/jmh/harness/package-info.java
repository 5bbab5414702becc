// SPDX-License-Identifier: Apache-2.0
/**
 * What runs the suites: {@link dev.jacobian.jmh.harness.Rounds} measures the cases of a {@link
 * dev.jacobian.jmh.harness.Suite} in turns, {@link dev.jacobian.jmh.harness.Report} writes what came out.
 */
package dev.jacobian.jmh.harness;
