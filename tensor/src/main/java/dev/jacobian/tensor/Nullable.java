// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * May be null. Everything without it never is: the build checks that (NullAway). Public methods return {@link
 * java.util.Optional} instead; null is for fields, private methods and kernels, where it costs nothing.
 *
 * <p>An annotation of our own, because this module has no dependency.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE_USE)
public @interface Nullable {}
