// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import java.util.List;

/** An enum whose constants are not written as their names in lower case, or in more than one way. */
public interface Spelled {
    /** How the constant may be written in JSON; the first is how it is written out. */
    List<String> spellings();
}
