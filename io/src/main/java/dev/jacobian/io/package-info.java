// SPDX-License-Identifier: Apache-2.0
/** Strict JSON, JSON lines and atomic file writing: the ground that the format packages stand on. */
package dev.jacobian.io;
