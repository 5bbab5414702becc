// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.Node.Constant;
import java.util.Map;
import java.util.Set;

/** The names that formulas have: of constants, of Greek letters, and short words that are none. */
final class Vocabulary {

    /** Short words of prose, which no formula has as a product of variables. */
    static final Set<String> SHORT_WORDS = Set.of(
            "so", "we", "is", "it", "of", "in", "at", "by", "no", "the", "get", "not", "are", "for", "all", "if", "as",
            "an", "be", "do", "on", "my", "you", "was", "has", "yes", "odd", "red", "but", "one", "two", "six", "ten",
            "day", "may", "can", "its", "nor", "got", "our", "who", "his", "her", "how", "now", "any", "see", "let",
            "use", "say", "way");

    static final Set<String> GREEK = Set.of(
            "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
            "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda",
            "Sigma", "Phi", "Psi", "Omega", "ell", "hbar", "top");

    static final Map<String, Constant> CONSTANTS = Map.ofEntries(
            Map.entry("pi", Constant.PI),
            Map.entry("infty", Constant.INFINITY),
            Map.entry("infinity", Constant.INFINITY),
            Map.entry("inf", Constant.INFINITY),
            Map.entry("emptyset", Constant.EMPTY_SET),
            Map.entry("setR", Constant.REALS),
            Map.entry("R", Constant.REALS),
            Map.entry("setZ", Constant.INTEGERS),
            Map.entry("setN", Constant.NATURALS),
            Map.entry("setQ", Constant.RATIONALS),
            Map.entry("setC", Constant.COMPLEXES),
            Map.entry("exponentialE", Constant.E),
            Map.entry("imaginaryI", Constant.I),
            Map.entry("i", Constant.I));

    private Vocabulary() {}

    /** Whether letters are the name of a root, of π or of a function. */
    static boolean isWord(String word) {
        return word.equals("sqrt") || word.equals("pi") || Fn.byName(word).isPresent();
    }
}
