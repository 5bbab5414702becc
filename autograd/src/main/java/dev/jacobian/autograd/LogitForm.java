// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

/**
 * What becomes of the products of hidden states and the head's weight before they are logits: {@code cap · tanh(scale · z /
 * cap)}. A temperature comes afterwards.
 *
 * @param scale factor on each product
 * @param softCap bound of the logits, 0 for none
 */
public record LogitForm(float scale, float softCap) {
    /** Logits are the products. */
    public static final LogitForm PLAIN = new LogitForm(1f, 0f);

    public LogitForm {
        if (!(scale > 0) || !(softCap >= 0) || Float.isInfinite(scale) || Float.isInfinite(softCap)) {
            throw new IllegalArgumentException("logits: scale " + scale + " must be positive and the cap " + softCap
                    + " not negative, both finite");
        }
    }
}
