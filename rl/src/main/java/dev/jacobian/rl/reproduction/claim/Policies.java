// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Trace;

/** The warmed-up models that experiments share, so that a folder makes each of them once. */
final class Policies {
    /** Sums of 3 to 6 terms, a step in ten a slip, an answer in three checked: solves about half of them. */
    static final TinyModel SLIPPING = TinyModel.of(new Trace(3, 6, 0.1, 0.3, 3));

    /** The same of 3 to 8 terms, for experiments about difficulty. */
    static final TinyModel MIXED = TinyModel.of(new Trace(3, 8, 0.1, 0.3, 3));

    /** Says everything four times, seven times in ten, whatever comes out: long answers that are no better. */
    static final TinyModel LOOPING = TinyModel.of(new Trace(3, 6, 0.1, 0.7, 4, false, 1, 0));

    /** The same once in ten: a few answers are three times as long as the others. */
    static final TinyModel LONG_TAILED = TinyModel.of(new Trace(3, 6, 0.1, 0.1, 4, false, 1, 0));

    /** Writes tags once in ten. */
    static final TinyModel UNTAGGED = TinyModel.of(new Trace(3, 6, 0.1, 0.3, 3, true, 0.1, 0));

    /** Is asked for the answer alone half of the time. */
    static final TinyModel GUESSING = TinyModel.of(new Trace(2, 6, 0.1, 0, 1, true, 1, 0.5));

    private Policies() {}

    /** The same habits after seconds of training, for tests of the machinery. */
    static TinyModel quick(TinyModel model) {
        return new TinyModel(32, 1, model.data(), 80, 16, 1e-2);
    }
}
