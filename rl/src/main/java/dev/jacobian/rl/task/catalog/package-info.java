// SPDX-License-Identifier: Apache-2.0

/** Tasks by name: {@link dev.jacobian.rl.task.catalog.Tasks} is the one list that the command line, its help and the documentation read. */
package dev.jacobian.rl.task.catalog;
