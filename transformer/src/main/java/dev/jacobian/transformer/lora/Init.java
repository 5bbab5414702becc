// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

/** What a fresh adapter begins with, PEFT's {@code init_lora_weights}. A is uniform within ±1/√inputs but in {@link #GAUSSIAN}. */
public enum Init {
    /** B is zero, so training begins at the base model. */
    ZERO_B,
    /** A is normal with a deviation of 1/r, B is zero. */
    GAUSSIAN,
    /** B is uniform within ±1/√r, so nothing is zero: for tests. */
    RANDOM_B,
    /** Made by PEFT in a way that leaves the base model's weights alone ("eva", "orthogonal"): such an adapter is read, not begun. */
    OF_PEFT
}
