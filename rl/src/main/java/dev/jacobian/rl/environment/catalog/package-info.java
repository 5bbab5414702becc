// SPDX-License-Identifier: Apache-2.0
/** The environments that have a name, with their settings and the problems that they bring along. */
package dev.jacobian.rl.environment.catalog;
