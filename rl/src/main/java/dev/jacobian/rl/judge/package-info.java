// SPDX-License-Identifier: Apache-2.0

/** Models that say what a completion is worth: reward models, and judges that reason before they say it. */
package dev.jacobian.rl.judge;
