// SPDX-License-Identifier: Apache-2.0
/**
 * What the tests of several modules share.
 *
 * <p>Decision: nothing here knows a module of the project, so that even the tests of {@code tensor} can use it; it speaks in
 * arrays, paths and JSON. It is not a module of its own on the module path: test classes are patched into the module that
 * they test and read this from the class path, as they read JUnit.
 */
package dev.jacobian.testing;
