// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Puzzles of truth, solved once more from their texts by trying everything. */
class LogicPuzzlesTest {
    @Test
    void knights() {
        Asked.each("knights", asked -> {
            List<String> people = new ArrayList<>();
            List<String> claims = new ArrayList<>();
            Matcher says = Pattern.compile("(\\w+) says: \"(.*?)\\.\"").matcher(asked.text());
            while (says.find()) {
                people.add(says.group(1));
                claims.add(says.group(2));
            }
            List<String> right = new ArrayList<>();
            for (int world = 0; world < 1 << people.size(); world++) {
                List<String> knights = new ArrayList<>();
                for (int i = 0; i < people.size(); i++) {
                    if ((world >> i & 1) == 1) {
                        knights.add(people.get(i));
                    }
                }
                boolean possible = IntStream.range(0, people.size())
                        .allMatch(i -> isTrue(claims.get(i), knights) == knights.contains(people.get(i)));
                String answer = knights.isEmpty() ? "none" : String.join(", ", knights);
                if (possible) {
                    right.add(answer);
                }
                assertThat(asked.solvedBy(answer)).isEqualTo(possible);
            }
            assertThat(right).hasSize(1);
        });
    }

    private static boolean isTrue(String claim, List<String> knights) {
        String[] words = claim.split(" ");
        if (claim.startsWith("The number")) {
            return knights.size() == Integer.parseInt(words[words.length - 1]);
        }
        if (claim.startsWith("One of")) {
            return knights.contains(words[2]) != knights.contains(words[4]);
        }
        if (claim.startsWith("At least")) {
            return !knights.contains(words[4]) || !knights.contains(words[6]);
        }
        if (claim.endsWith("same kind")) {
            return knights.contains(words[0]) == knights.contains(words[2]);
        }
        return knights.contains(words[0]) == claim.endsWith("knight");
    }

    @Test
    void satisfiability() {
        Asked.each("satisfiability", asked -> {
            List<String> clauses = asked.text().lines().skip(1).toList();
            int variables = asked.find("A to (\\w)").charAt(0) - 'A' + 1;
            int right = 0;
            for (int world = 0; world < 1 << Math.min(variables, 9); world++) {
                int values = world;
                boolean all = clauses.stream()
                        .allMatch(clause -> java.util.Arrays.stream(clause.split(" or "))
                                .anyMatch(literal -> (values >> literal.charAt(literal.length() - 1) - 'A' & 1)
                                        == (literal.startsWith("not") ? 0 : 1)));
                String answer = Words.join(IntStream.range(0, variables)
                        .mapToObj(i -> values >> i & 1)
                        .toList());
                assertThat(asked.solvedBy(answer)).isEqualTo(all);
                right += all ? 1 : 0;
            }
            assertThat(right > 0 || variables > 9).isTrue();
        });
    }

    @Test
    void modelCount() {
        Asked.each("model-count", asked -> {
            String formula = asked.text().substring(asked.text().indexOf('\n') + 1);
            int variables = asked.find("A to (\\w)").charAt(0) - 'A' + 1;
            long count = IntStream.range(0, 1 << variables)
                    .filter(world -> isTrue("(" + formula + ")", world))
                    .count();
            assertThat(asked.answer()).isEqualTo(Long.toString(count));
        });
    }

    /** By writing values for variables and results for the innermost pairs until a value is left. */
    private static boolean isTrue(String formula, int world) {
        String text = formula;
        for (int i = 0; i < 26; i++) {
            text = text.replace(String.valueOf((char) ('A' + i)), (world >> i & 1) == 1 ? "1" : "0");
        }
        text = text.replace("not 1", "n")
                .replace("not 0", "1")
                .replace("n", "0")
                .replace("a0d", "and");
        while (text.length() > 1) {
            text = Pattern.compile("\\(([01]) (and|or|xor) ([01])\\)")
                    .matcher(text)
                    .replaceAll(pair -> {
                        boolean same = pair.group(1).equals(pair.group(3));
                        boolean one = pair.group(1).equals("1") || pair.group(3).equals("1");
                        return switch (pair.group(2)) {
                            case "and" -> same && one ? "1" : "0";
                            case "or" -> one ? "1" : "0";
                            default -> same ? "0" : "1";
                        };
                    });
        }
        return text.equals("1");
    }

    @Test
    void seating() {
        Asked.each("seating", asked -> {
            List<String> people = List.of(asked.find("(.*?) sit in a row").split(", "));
            List<String> hints =
                    List.of(asked.find("chairs\\. (.*) Write their").split("(?<=\\.) "));
            List<String> right = new ArrayList<>();
            permutations(people, List.of(), order -> {
                if (hints.stream().allMatch(hint -> holds(hint, order))) {
                    right.add(String.join(" ", order));
                }
            });
            assertThat(right).as(asked.text()).containsExactly(asked.answer());
            for (int i = 0; i < hints.size(); i++) {
                List<String> fewer = new ArrayList<>(hints);
                fewer.remove(i);
                List<List<String>> orders = new ArrayList<>();
                permutations(people, List.of(), order -> {
                    if (fewer.stream().allMatch(hint -> holds(hint, order))) {
                        orders.add(order);
                    }
                });
                assertThat(orders).as("no hint is needless").hasSizeGreaterThan(1);
            }
        });
    }

    private static boolean holds(String hint, List<String> order) {
        List<Integer> seats = new ArrayList<>();
        for (String word : hint.replace(".", "").split(" ")) {
            if (order.contains(word)) {
                seats.add(order.indexOf(word));
            }
        }
        int distance = seats.size() < 2 ? 0 : Math.abs(seats.get(0) - seats.get(1));
        if (hint.contains("an end")) {
            return seats.get(0) == 0 || seats.get(0) == order.size() - 1;
        }
        if (hint.contains("between")) {
            return distance - 1
                    == (hint.startsWith("One") ? 1 : Asked.integers(hint).getFirst());
        }
        return hint.contains("left of") ? seats.get(0) < seats.get(1) : distance == 1 != hint.contains("not");
    }

    private static void permutations(
            List<String> left, List<String> begun, java.util.function.Consumer<List<String>> each) {
        if (left.isEmpty()) {
            each.accept(begun);
        }
        for (String next : left) {
            List<String> rest = new ArrayList<>(left);
            rest.remove(next);
            List<String> longer = new ArrayList<>(begun);
            longer.add(next);
            permutations(rest, longer, each);
        }
    }

    @Test
    void cryptarithm() {
        Asked.each("cryptarithm", asked -> {
            String letters = asked.find("In the sum (.*?) each");
            assertThat(asked.answer()).hasSameSizeAs(letters);
            String[] words = letters.split(" [+=] ");
            if (words[0].length() == 2) { // all pairs of numbers, by brute force
                int right = 0;
                for (int left = 10; left < 100; left++) {
                    for (int other = 10; other < 100; other++) {
                        String sum = left + " + " + other + " = " + (left + other);
                        boolean fits =
                                sum.length() == letters.length() && pattern(sum).equals(pattern(letters));
                        assertThat(asked.solvedBy(sum)).isEqualTo(fits);
                        right += fits ? 1 : 0;
                    }
                }
                assertThat(right).isPositive();
            }
            assertThat(asked.solvedBy(asked.answer().replace(" ", ""))).isTrue();
            assertThat(asked.solvedBy(letters)).isFalse();
        });
    }

    /** Each character as the place where it stands first. */
    private static List<Integer> pattern(String text) {
        return text.chars().map(text::indexOf).boxed().toList();
    }
}
