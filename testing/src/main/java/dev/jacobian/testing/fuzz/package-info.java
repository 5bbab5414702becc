// SPDX-License-Identifier: Apache-2.0
/** Readers of files from elsewhere, fed with broken ones: seeded mutations of good files, and what every reader owes. */
package dev.jacobian.testing.fuzz;
