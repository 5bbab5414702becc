// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import java.text.Normalizer;
import java.util.Map;

/**
 * One spelling for what Unicode spells in many ways, so that nobody after this has to know: digits of every script, full-width forms, dashes
 * that are minus signs, √ and ½ and ², the ideographic comma. Mathematical characters become the LaTeX command that means the same.
 */
public final class Characters {

    private static final Map<Integer, String> MEANINGS = Map.ofEntries(
            entry('×', "\\times "),
            entry('✕', "\\times "),
            entry('✖', "\\times "),
            entry('⨯', "\\times "),
            entry('·', "\\cdot "),
            entry('⋅', "\\cdot "),
            entry('∙', "\\cdot "),
            entry('÷', "\\div "),
            entry('∕', "/"),
            entry('⁄', "/"),
            entry('√', "\\surd "),
            entry('∛', "\\cuberoot "),
            entry('π', "\\pi "),
            entry('θ', "\\theta "),
            entry('α', "\\alpha "),
            entry('β', "\\beta "),
            entry('γ', "\\gamma "),
            entry('δ', "\\delta "),
            entry('λ', "\\lambda "),
            entry('μ', "\\mu "),
            entry('µ', "\\mu "),
            entry('φ', "\\phi "),
            entry('ω', "\\omega "),
            entry('σ', "\\sigma "),
            entry('ρ', "\\rho "),
            entry('τ', "\\tau "),
            entry('Ω', "\\Omega "),
            entry('ε', "\\epsilon "),
            entry('≤', "\\le "),
            entry('⩽', "\\le "),
            entry('≦', "\\le "),
            entry('≥', "\\ge "),
            entry('⩾', "\\ge "),
            entry('≧', "\\ge "),
            entry('≠', "\\ne "),
            entry('≈', "\\approx "),
            entry('≅', "\\approx "),
            entry('≡', "\\equiv "),
            entry('∞', "\\infty "),
            entry('∪', "\\cup "),
            entry('∩', "\\cap "),
            entry('∈', "\\in "),
            entry('∅', "\\emptyset "),
            entry('Ø', "\\emptyset "),
            entry('±', "\\pm "),
            entry('∓', "\\mp "),
            entry('°', "^\\circ "),
            entry('º', "^\\circ "),
            entry('∖', "\\setminus "),
            entry('ℝ', "\\mathbb{R}"),
            entry('ℤ', "\\mathbb{Z}"),
            entry('ℕ', "\\mathbb{N}"),
            entry('ℚ', "\\mathbb{Q}"),
            entry('ℂ', "\\mathbb{C}"),
            entry('⌊', "\\lfloor "),
            entry('⌋', "\\rfloor "),
            entry('⌈', "\\lceil "),
            entry('⌉', "\\rceil "),
            entry('∣', "|"),
            entry('⟨', "\\langle "),
            entry('⟩', "\\rangle "),
            entry('∑', "\\sum "),
            entry('∏', "\\prod "),
            entry('∫', "\\int "),
            entry('→', "\\to "),
            entry('∶', ":"),
            entry('℃', "^\\circ C"),
            entry('℉', "^\\circ F"),
            entry('′', "'"),
            entry('’', "'"),
            entry('‘', "'"),
            entry('“', "\""),
            entry('”', "\""),
            entry('、', ", "),
            entry('，', ", "),
            entry('；', "; "),
            entry('。', ". "),
            entry('．', "."),
            entry('：', ":"),
            entry('＄', "$"),
            entry('∧', "\\wedge "),
            entry('∨', "\\vee "),
            entry('½', "\\frac{1}{2}"),
            entry('⅓', "\\frac{1}{3}"),
            entry('⅔', "\\frac{2}{3}"),
            entry('¼', "\\frac{1}{4}"),
            entry('¾', "\\frac{3}{4}"),
            entry('⅕', "\\frac{1}{5}"),
            entry('⅖', "\\frac{2}{5}"),
            entry('⅗', "\\frac{3}{5}"),
            entry('⅘', "\\frac{4}{5}"),
            entry('⅙', "\\frac{1}{6}"),
            entry('⅚', "\\frac{5}{6}"),
            entry('⅐', "\\frac{1}{7}"),
            entry('⅛', "\\frac{1}{8}"),
            entry('⅜', "\\frac{3}{8}"),
            entry('⅝', "\\frac{5}{8}"),
            entry('⅞', "\\frac{7}{8}"),
            entry('⅑', "\\frac{1}{9}"),
            entry('⅒', "\\frac{1}{10}"));

    private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣ⁽⁾";
    private static final String SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉₊₋ₙₓ₍₎";
    private static final String SCRIPT_VALUES = "0123456789+-nx()";

    private Characters() {}

    private static Map.Entry<Integer, String> entry(int character, String meaning) {
        return Map.entry(character, meaning);
    }

    /** The same text in one spelling; what is plain ASCII already comes back as it is. */
    public static String normalized(String text) {
        if (isPlain(text)) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            int after = at + Character.charCount(c);
            if (c < 128) {
                if (c >= ' ' || c == '\n' || c == '\t') {
                    out.append((char) c);
                }
            } else if (SUPERSCRIPTS.indexOf(c) >= 0) {
                after = scripts(text, at, SUPERSCRIPTS, "^{", out);
            } else if (SUBSCRIPTS.indexOf(c) >= 0) {
                after = scripts(text, at, SUBSCRIPTS, "_{", out);
            } else {
                other(c, out);
            }
            at = after;
        }
        return out.toString();
    }

    private static boolean isPlain(String text) {
        for (int k = 0; k < text.length(); k++) {
            char c = text.charAt(k);
            if (c >= 127 || c < ' ' && c != '\n' && c != '\t') {
                return false;
            }
        }
        return true;
    }

    /** A run of raised or lowered characters is one exponent or index. */
    private static int scripts(String text, int from, String set, String open, StringBuilder out) {
        out.append(open);
        int at = from;
        while (at < text.length() && set.indexOf(text.charAt(at)) >= 0) {
            out.append(SCRIPT_VALUES.charAt(set.indexOf(text.charAt(at++))));
        }
        out.append('}');
        return at;
    }

    private static void other(int c, StringBuilder out) {
        String meaning = MEANINGS.get(c);
        if (meaning != null) {
            if (meaning.startsWith("\\frac") && endsWithDigit(out)) {
                out.append(' ');
            }
            out.append(meaning);
            return;
        }
        int digit = Character.digit(c, 10);
        int type = Character.getType(c);
        if (digit >= 0) {
            out.append((char) ('0' + digit));
        } else if (type == Character.DASH_PUNCTUATION || c == '−') {
            out.append('-');
        } else if (Character.isSpaceChar(c)) {
            out.append(' ');
        } else if (type != Character.FORMAT && type != Character.CONTROL && type != Character.SURROGATE) {
            out.append(Normalizer.normalize(Character.toString(c), Normalizer.Form.NFKC));
        }
    }

    private static boolean endsWithDigit(StringBuilder out) {
        return !out.isEmpty() && Character.isDigit(out.charAt(out.length() - 1));
    }
}
