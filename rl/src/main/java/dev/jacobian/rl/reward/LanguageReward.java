// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.lang.Character.UnicodeScript;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Language consistency (DeepSeek-R1, arXiv 2501.12948, 2.3.2): the share of the words of the reasoning that are in the language wanted, from 0
 * to 1. The report adds it to the reward for a right answer.
 *
 * <p>Decisions, since the report gives no more than the formula:
 *
 * <ul>
 *   <li>A language is known by its script: that tells a policy that falls into Chinese from one that stays with English, and takes no
 *       dictionary; it does not tell English from German.
 *   <li>A word is a run of letters of one script; where a script puts no blanks between words (Han, kana, Thai) each letter is one.
 *   <li>Numbers, signs, commands of LaTeX ({@code \frac}) and single Latin or Greek letters, which are names of variables, are of no
 *       language.
 *   <li>No words is 0: silence is not consistency, and a policy finds that hole.
 * </ul>
 *
 * @param language what the words should be in
 * @param part which words
 */
public record LanguageReward(
        @Setting(value = "en", doc = "the language wanted, known by its script")
        Language language,

        @Setting(
                value = "think",
                doc = "what is read: the thinking (up to </think>, if there is one), or the whole completion")
        Part part)
        implements RewardFunction {
    /** English thinking. */
    public static final LanguageReward DEFAULT = ConfigTree.defaults(LanguageReward.class);

    /** What is read of a completion. */
    public enum Part {
        /** Behind {@code <think>} and before {@code </think>}; all, where there is no such tag. */
        THINK,
        /** All of it. */
        WHOLE
    }

    /** Languages, by the ISO 639-1 code. */
    public enum Language {
        /** English. */
        EN(UnicodeScript.LATIN),
        /** German. */
        DE(UnicodeScript.LATIN),
        /** French. */
        FR(UnicodeScript.LATIN),
        /** Spanish. */
        ES(UnicodeScript.LATIN),
        /** Italian. */
        IT(UnicodeScript.LATIN),
        /** Portuguese. */
        PT(UnicodeScript.LATIN),
        /** Vietnamese. */
        VI(UnicodeScript.LATIN),
        /** Chinese. */
        ZH(UnicodeScript.HAN, UnicodeScript.BOPOMOFO),
        /** Japanese. */
        JA(UnicodeScript.HAN, UnicodeScript.HIRAGANA, UnicodeScript.KATAKANA),
        /** Korean. */
        KO(UnicodeScript.HANGUL),
        /** Russian. */
        RU(UnicodeScript.CYRILLIC),
        /** Ukrainian. */
        UK(UnicodeScript.CYRILLIC),
        /** Greek. */
        EL(UnicodeScript.GREEK),
        /** Arabic. */
        AR(UnicodeScript.ARABIC),
        /** Hebrew. */
        HE(UnicodeScript.HEBREW),
        /** Hindi. */
        HI(UnicodeScript.DEVANAGARI),
        /** Thai. */
        TH(UnicodeScript.THAI);

        private final Set<UnicodeScript> scripts;

        Language(UnicodeScript... scripts) {
            this.scripts = Set.of(scripts);
        }
    }

    private static final Pattern TAGS = Pattern.compile("</?(?:think|answer)>");

    private static final Set<UnicodeScript> WITHOUT_BLANKS = Set.of(
            UnicodeScript.HAN,
            UnicodeScript.BOPOMOFO,
            UnicodeScript.HIRAGANA,
            UnicodeScript.KATAKANA,
            UnicodeScript.THAI,
            UnicodeScript.LAO,
            UnicodeScript.KHMER,
            UnicodeScript.MYANMAR);

    private static final Set<UnicodeScript> OF_VARIABLES = Set.of(UnicodeScript.LATIN, UnicodeScript.GREEK);

    @Override
    public String name() {
        return "language_consistency";
    }

    @Override
    public Score score(Completion completion) {
        String text = read(completion.text());
        long words = 0;
        long wanted = 0;
        for (int i = 0; i < text.length(); ) {
            int end = wordEnd(text, i);
            if (end > i) {
                UnicodeScript script = UnicodeScript.of(text.codePointAt(i));
                boolean command = i > 0 && text.charAt(i - 1) == '\\';
                boolean variable = OF_VARIABLES.contains(script) && text.codePointCount(i, end) == 1;
                if (!command && !variable && script != UnicodeScript.COMMON) { // such as the letters of formulas
                    words++;
                    wanted += language.scripts.contains(script) ? 1 : 0;
                }
                i = end;
            } else {
                i = text.offsetByCodePoints(i, 1);
            }
        }
        return Score.of(words == 0 ? 0 : wanted / (double) words);
    }

    private String read(String text) {
        int close = text.lastIndexOf("</think>");
        if (part == Part.WHOLE || close < 0) {
            return TAGS.matcher(text).replaceAll(" ");
        }
        int open = text.indexOf("<think>");
        return text.substring(open >= 0 && open < close ? open + "<think>".length() : 0, close);
    }

    /** Where the word that begins at {@code i} ends; {@code i} if none does. */
    private static int wordEnd(String text, int i) {
        int first = text.codePointAt(i);
        if (!Character.isLetter(first)) {
            return i;
        }
        UnicodeScript script = UnicodeScript.of(first);
        int end = i + Character.charCount(first);
        while (end < text.length() && continues(text.codePointAt(end), script)) {
            end += Character.charCount(text.codePointAt(end));
        }
        return end;
    }

    private static boolean continues(int c, UnicodeScript script) {
        int type = Character.getType(c);
        if (type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK) {
            return true;
        }
        return Character.isLetter(c) && UnicodeScript.of(c) == script && !WITHOUT_BLANKS.contains(script);
    }
}
