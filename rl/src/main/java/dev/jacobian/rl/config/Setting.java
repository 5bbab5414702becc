// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A record component that is a key of the configuration. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
    /** The default, as JSON has it, strings without quotes. */
    String value();

    /** What it means, in a line; with the unit where there is one. */
    String doc();
}
