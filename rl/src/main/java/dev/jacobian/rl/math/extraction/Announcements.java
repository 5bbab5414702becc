// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import dev.jacobian.rl.math.expression.Work;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Boxes, "the answer is" and {@code ####}: the last one that was not taken back. */
final class Announcements {

    private static final Pattern PHRASE = Pattern.compile(
            "\\b(?:final\\s+|correct\\s+)?(?:answers?|(?<=correct )(?:choice|option))\\b(?:[^.\\n"
                + ":=]{0,80}?)(?:\\bis\\b|\\bare\\b|\\bis(?=n't\\b)|\\bequals\\b|:|=|\\bshould"
                + " be\\b)\\s*:?|\\b(?:final\\s+)?answer\\s*(?:\\n"
                + "|$)|(?<![a-z] )\\banswer\\s+-(?=\\s)|答え\\s*は|정답은|답은|答案\\s*】?\\s*(?:就?是|为|:|=)?\\s*:?|故选\\s*:?|####",
            Pattern.CASE_INSENSITIVE);
    /** What makes a supposition or a denial of "the answer is" behind it. */
    private static final Pattern SUPPOSED = Pattern.compile(
            "(?:\\b(?:suppos(?:e|ing)|assum(?:e|ing)|imagine|pretend|if|whether|impossible|unlikely)|(?:n't|\\bnot|\\bnever)\\s+(?:think|believe|say|see|claim|mean|feel))"
                + "\\s+(?:that\\s+)?(?:the\\s+)?$|\\bif\\b.*\\b(?:had|were|instead)\\b",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern TAKEN_BACK = Pattern.compile(
            "^[\\s$.)\\]*\\\\]*(?:was|were)\\b|^[\\s$)\\]*\\\\]*is\\s+(?:wrong|incorrect|not\\s+(?:right|correct)|false|tempting|a"
                + " trap)\\b");

    private Announcements() {}

    /** @param end behind it; the answer of a box ends there, that of a phrase begins */
    private record Mark(int start, int end, int box) {}

    static Optional<FinalAnswer> last(String text, Work work) {
        List<Boxes.Box> boxes = Boxes.in(text);
        List<Mark> marks = new ArrayList<>();
        for (int k = 0; k < boxes.size(); k++) {
            marks.add(new Mark(boxes.get(k).start(), boxes.get(k).end(), k));
        }
        Matcher phrase = PHRASE.matcher(text);
        while (phrase.find()) {
            int start = phrase.start();
            if (!isSupposed(text, start)
                    && boxes.stream().limit(50).noneMatch(box -> box.start() < start && start < box.end())) {
                marks.add(new Mark(start, phrase.end(), -1));
            }
        }
        marks.sort(Comparator.comparingInt(Mark::start));
        for (Mark mark : marks.reversed()) {
            Optional<FinalAnswer> answer =
                    mark.box() >= 0 ? box(text, boxes, mark) : Phrases.answer(text, mark.end(), work);
            if (answer.isPresent()) {
                Optional<FinalAnswer> revised =
                        mark == marks.getLast() ? Revision.in(text.substring(mark.end()), work) : Optional.empty();
                return revised.isPresent() ? revised : answer;
            }
        }
        return Optional.empty();
    }

    /** Looks back to where the sentence begins. */
    private static boolean isSupposed(String text, int phrase) {
        int from = phrase;
        while (from > Math.max(0, phrase - 150) && ".!?\n".indexOf(text.charAt(from - 1)) < 0) {
            from--;
        }
        return SUPPOSED.matcher(text.substring(from, phrase)).find();
    }

    private static Optional<FinalAnswer> box(String text, List<Boxes.Box> boxes, Mark mark) {
        String after = text.substring(mark.end(), Math.min(text.length(), mark.end() + 40));
        String before = text.substring(Math.max(0, mark.start() - 40), mark.start());
        if (TAKEN_BACK.matcher(after).find() || Denied.endsBefore(before)) {
            return Optional.empty();
        }
        String content = Boxes.joined(text, boxes, mark.box());
        if (content.isBlank()) {
            return Optional.of(new FinalAnswer(List.of(), false));
        }
        return Boxes.isRepeated(text, boxes, mark.box())
                ? FinalAnswer.of(false, content, boxes.get(mark.box()).content())
                : FinalAnswer.of(false, content);
    }
}
