// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Matrices;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Work;
import java.util.List;
import java.util.Optional;

/**
 * Whether an answer says what the reference says, by the kind of both.
 *
 * <p>The rules are those of a careful teacher: the form is free, the value is exact; tuples have an order, sets and lists have none; open and
 * closed ends differ; a unit may be left out but not be another one; {@code x = 5} and 5 are the same, {@code y = 5} is not {@code x = 5}. The
 * reference comes first in every method, since some rules know which side is which.
 */
public final class Judge {

    private final Work work;
    private final Lists lists;
    private final Relations relations;
    private final Regions regions;
    private final Quantities quantities;
    private final Families families;

    public Judge(Work work) {
        this.work = work;
        lists = new Lists(this);
        relations = new Relations(this, work);
        regions = new Regions(work);
        quantities = new Quantities(work);
        families = new Families(this, work);
    }

    /** Whether any reading of one side means the same as any of the other. */
    public boolean same(List<Node> gold, List<Node> answer) {
        return gold.stream().anyMatch(g -> answer.stream().anyMatch(a -> same(g, a)));
    }

    boolean same(Node gold, Node answer) {
        work.spend(10);
        try {
            for (Node g : Approximations.meanings(gold, work)) {
                for (Node a : Approximations.meanings(answer, work)) {
                    if (sameStated(SideConditions.of(g), SideConditions.of(a))) {
                        return true;
                    }
                }
            }
            return false;
        } catch (MathProblem.NotScalar | MathProblem.Undefined e) {
            return false;
        }
    }

    private boolean sameStated(SideConditions gold, SideConditions answer) {
        boolean otherDomain = gold.domain().isPresent()
                && answer.domain().isPresent()
                && !gold.domain().equals(answer.domain());
        Node given = Families.withConstant(gold.answer(), answer.answer());
        return !otherDomain && (sameKind(gold.answer(), given) || families.same(gold, answer));
    }

    boolean sameKind(Node gold, Node answer) {
        return sameForm(Piecewise.ofFunction(gold, answer), Piecewise.ofFunction(answer, gold));
    }

    private boolean sameForm(Node gold, Node answer) {
        if (gold instanceof Node.Word || answer instanceof Node.Word) {
            return Marks.same(gold, answer);
        }
        if (gold.equals(answer)) {
            return true;
        }
        if (Marks.isMark(gold) || Marks.isMark(answer)) {
            return Marks.same(gold, answer)
                    || quantities.sameNumeral(gold, answer)
                    || sameDuration(gold, answer)
                    || !(gold instanceof Node.Clock && answer instanceof Node.Clock)
                            && isRatio(gold)
                            && isRatio(answer)
                            && sameRatio(Marks.ratio(gold), Marks.ratio(answer));
        }
        if (regions.isRegion(gold) || regions.isRegion(answer)) {
            Optional<Boolean> same = regions.same(gold, answer);
            if (same.isPresent()) {
                return same.get();
            }
        }
        if (Lists.isSeveral(gold) || Lists.isSeveral(answer)) {
            return lists.same(gold, answer);
        }
        if (gold instanceof Node.Relation || answer instanceof Node.Relation) {
            return relations.same(gold, answer);
        }
        return sameThing(gold, answer);
    }

    private boolean sameThing(Node gold, Node answer) {
        return sameValue(Vectors.inComponents(gold, answer, work), Vectors.inComponents(answer, gold, work));
    }

    private boolean sameValue(Node gold, Node answer) {
        if (hasMatrix(gold) || hasMatrix(answer)) {
            return sameMatrix(gold, answer);
        }
        if (gold instanceof Node.Group a && answer instanceof Node.Group b) {
            return sameGroup(a, b);
        }
        if (gold instanceof Node.Ratio || answer instanceof Node.Ratio) {
            return sameRatio(gold, answer);
        }
        if (gold instanceof Node.Apply(Fn f, List<Node> a)
                && answer instanceof Node.Apply(Fn g, List<Node> b)
                && f == Fn.MOD
                && g == Fn.MOD) {
            return Scalars.equal(gold, answer, work) && Scalars.equal(a.get(1), b.get(1), work);
        }
        return quantities.same(gold, answer);
    }

    private boolean sameGroup(Node.Group gold, Node.Group answer) {
        return gold.open() == answer.open()
                && gold.close() == answer.close()
                && sameInOrder(gold.items(), answer.items());
    }

    boolean sameInOrder(List<Node> gold, List<Node> answer) {
        if (gold.size() != answer.size()) {
            return false;
        }
        for (int k = 0; k < gold.size(); k++) {
            if (!same(gold.get(k), answer.get(k))) {
                return false;
            }
        }
        return true;
    }

    private static boolean hasMatrix(Node node) {
        return node.contains(Node.Matrix.class::isInstance);
    }

    private boolean sameMatrix(Node gold, Node answer) {
        Optional<Node.Matrix> a = Vectors.matrix(gold, answer).flatMap(node -> Matrices.evaluate(node, work));
        Optional<Node.Matrix> b = Vectors.matrix(answer, gold).flatMap(node -> Matrices.evaluate(node, work));
        if (a.isEmpty()
                || b.isEmpty()
                || a.get().rows().size() != b.get().rows().size()) {
            return false;
        }
        for (int row = 0; row < a.get().rows().size(); row++) {
            if (!sameInOrder(a.get().rows().get(row), b.get().rows().get(row))) {
                return false;
            }
        }
        return true;
    }

    private boolean sameRatio(Node gold, Node answer) {
        List<Node> a = parts(gold);
        List<Node> b = parts(answer);
        if (a.size() != b.size()) {
            return false;
        }
        for (int k = 1; k < a.size(); k++) {
            if (!Scalars.equal(Node.product(a.getFirst(), b.get(k)), Node.product(b.getFirst(), a.get(k)), work)) {
                return false;
            }
        }
        return true;
    }

    /** A number is a ratio to one. */
    private static List<Node> parts(Node node) {
        return node instanceof Node.Ratio(List<Node> parts) ? parts : List.of(node, Node.ONE);
    }

    /** 3:10 looks like a time of day; against a ratio it is one. */
    private static boolean isRatio(Node node) {
        return node instanceof Node.Ratio
                || node instanceof Node.Clock(int hour, int minute, int second, int half) && half == 0;
    }

    private boolean sameDuration(Node gold, Node answer) {
        return gold instanceof Node.Clock clock
                        && answer instanceof Node.Quantity quantity
                        && quantities.same(Marks.duration(clock), quantity)
                || answer instanceof Node.Clock other
                        && gold instanceof Node.Quantity first
                        && quantities.same(first, Marks.duration(other));
    }
}
