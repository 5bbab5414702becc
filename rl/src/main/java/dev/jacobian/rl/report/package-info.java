// SPDX-License-Identifier: Apache-2.0

/**
 * What a training run leaves for people to look at: a page with its curves and completions ({@link
 * dev.jacobian.rl.report.RunReport}) and a picture of its main curves ({@link dev.jacobian.rl.report.RunSvg}).
 *
 * <p>Both read only the files of a run directory, so they can be made again at any time, also of a run that is still
 * going on or was killed.
 */
package dev.jacobian.rl.report;
