// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.trace;

/**
 * What traces say beside arithmetic, in a language. Few and short words: a small model spells them out by letters.
 *
 * @param plan begins the order of a search
 * @param turn goes on with another operator
 * @param yes a line has the target
 * @param no it has not
 * @param again goes through a line once more
 * @param check checks the answer
 */
record Words(String plan, String turn, String yes, String no, String again, String check) {
    static final Words ENGLISH = new Words("plan", "now", "yes", "no", "wait", "wait check");
    static final Words CHINESE = new Words("先", "再", "对", "不", "等", "等 看");
}
