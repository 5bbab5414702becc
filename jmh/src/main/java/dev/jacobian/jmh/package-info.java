// SPDX-License-Identifier: Apache-2.0
/** Benchmarks. Start with {@link dev.jacobian.jmh.Bench}. */
package dev.jacobian.jmh;
