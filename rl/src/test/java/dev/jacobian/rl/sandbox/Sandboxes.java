// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import org.junit.jupiter.api.Assumptions;

/** Sandboxes for tests, which say when they are skipped and why. */
public final class Sandboxes {
    private Sandboxes() {}

    /** One with walls; the test is skipped where there is none. */
    public static Sandbox isolated() {
        Protection protection = Protection.found();
        Assumptions.assumeTrue(
                protection.isolation().isolates(), () -> "skipped: no isolation here. " + protection.advice());
        return Sandbox.open(true);
    }

    /** Skips the test where a language is missing. */
    public static Language needed(Language language) {
        Assumptions.assumeTrue(
                language.missing().isEmpty(),
                () -> "skipped: " + language.missing().orElseThrow());
        return language;
    }
}
