// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a component that is itself a record of settings: defaults that are other here than where its keys are stated. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Defaults {
    /** Each {@code key=value}. */
    String[] value();
}
