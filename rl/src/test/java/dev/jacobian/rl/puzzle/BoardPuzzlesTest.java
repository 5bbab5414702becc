// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Puzzles on boards, maps and graphs, solved or played once more from their texts. */
class BoardPuzzlesTest {
    @Test
    void queens() {
        Asked.each("queens", asked -> {
            List<String> board =
                    asked.text().lines().filter(line -> line.matches("[.Q]+")).toList();
            List<Integer> columns = Asked.integers(asked.answer());
            assertThat(columns).hasSameSizeAs(board).doesNotHaveDuplicates();
            for (int row = 0; row < board.size(); row++) {
                int given = board.get(row).indexOf('Q');
                assertThat(given < 0 || given == columns.get(row) - 1).isTrue();
                for (int other = 0; other < row; other++) {
                    assertThat(Math.abs(columns.get(row) - columns.get(other))).isNotEqualTo(row - other);
                }
            }
            List<Integer> backwards = columns.reversed();
            assertThat(asked.solvedBy(Words.join(backwards))).isFalse(); // the given queens stand elsewhere
        });
    }

    @Test
    void sudoku() {
        Asked.each("sudoku", asked -> {
            List<String> grid = asked.text()
                    .lines()
                    .filter(line -> line.matches("[.\\d ]+"))
                    .toList();
            List<String> full = asked.answer().lines().toList();
            int size = grid.size();
            int wide = Integer.parseInt(asked.find("box of (\\d)"));
            int high = size / wide;
            List<Set<Character>> groups = new ArrayList<>();
            for (int i = 0; i < 3 * size; i++) {
                groups.add(new HashSet<>());
            }
            for (int row = 0; row < size; row++) {
                for (int column = 0; column < size; column++) {
                    char digit = full.get(row).charAt(2 * column);
                    char given = grid.get(row).charAt(2 * column);
                    assertThat(given == '.' || given == digit).isTrue();
                    groups.get(row).add(digit);
                    groups.get(size + column).add(digit);
                    groups.get(2 * size + row / high * high + column / wide).add(digit);
                }
            }
            assertThat(groups).allMatch(group -> group.size() == size);
            assertThat(asked.solvedBy(asked.answer().replace(" ", ""))).isTrue();
            assertThat(asked.solvedBy(asked.answer().replace('1', '2'))).isFalse();
            assertThat(asked.solvedBy(String.join("\n", full.reversed()))).isFalse();
        });
    }

    @Test
    void hanoi() {
        Asked.each("hanoi", asked -> {
            List<List<Integer>> pegs = pegs(asked.find("Now: (.*?)\\. "));
            List<List<Integer>> wanted = pegs(asked.find("Wanted: (.*?)\\. "));
            for (String move : asked.answer().split(" ")) {
                List<Integer> from = pegs.get(move.charAt(0) - 'A');
                List<Integer> to = pegs.get(move.charAt(1) - 'A');
                assertThat(to.isEmpty() || to.getFirst() > from.getFirst()).isTrue();
                to.addFirst(from.removeFirst());
            }
            assertThat(pegs).isEqualTo(wanted);
            assertThat(asked.solvedBy(asked.answer().substring(2).strip())).isFalse();
            assertThat(asked.solvedBy(asked.answer().replace("A", "D")))
                    .isEqualTo(!asked.answer().contains("A"));
        });
    }

    private static List<List<Integer>> pegs(String position) {
        return new ArrayList<>(Arrays.stream(position.split("; "))
                .<List<Integer>>map(peg -> new ArrayList<>(Asked.integers(peg)))
                .toList());
    }

    @Test
    void jugs() {
        Asked.each("jugs", asked -> {
            List<Integer> numbers = Asked.integers(asked.text());
            int[] water = new int[3];
            String[] steps = asked.answer().split("; ");
            for (String step : steps) {
                int jug = step.charAt(step.indexOf(' ') + 1) - 'A';
                if (step.startsWith("fill")) {
                    water[jug] = numbers.get(jug);
                } else if (step.startsWith("empty")) {
                    water[jug] = 0;
                } else {
                    int to = step.charAt(step.length() - 1) - 'A';
                    int poured = Math.min(water[jug], numbers.get(to) - water[to]);
                    water[jug] -= poured;
                    water[to] += poured;
                }
            }
            assertThat(water).contains(numbers.get(3));
            assertThat(asked.solvedBy(String.join(", ", steps))).isTrue();
            String fewer = String.join("; ", Arrays.copyOf(steps, steps.length - 1));
            assertThat(asked.solvedBy(fewer)).as("no shorter way").isFalse();
            assertThat(asked.solvedBy("fill D; " + asked.answer())).isFalse();
        });
    }

    @Test
    void nim() {
        Asked.each("nim", asked -> {
            List<Integer> heaps = Asked.integers(asked.find("heaps have (.*?) stones"));
            for (int heap = 0; heap <= heaps.size(); heap++) {
                for (int taken = 0; taken <= 31; taken++) {
                    boolean allowed = heap > 0 && taken > 0 && taken <= heaps.get(heap - 1);
                    List<Integer> left = new ArrayList<>(heaps);
                    if (allowed) {
                        left.set(heap - 1, left.get(heap - 1) - taken);
                    }
                    assertThat(asked.solvedBy(heap + " " + taken)).isEqualTo(allowed && isLost(left));
                }
            }
        });
    }

    /** Bit by bit: an even number of heaps has each. */
    private static boolean isLost(List<Integer> heaps) {
        for (int bit = 0; bit < 5; bit++) {
            int place = bit;
            if (heaps.stream().filter(heap -> (heap >> place & 1) == 1).count() % 2 == 1) {
                return false;
            }
        }
        return true;
    }

    @Test
    void islands() {
        Asked.each("islands", asked -> {
            List<String> map = asked.text().lines().skip(1).toList();
            int[] piece = new int[map.size() * map.size()]; // the least number in reach, spread until nothing changes
            for (int i = 0; i < piece.length; i++) {
                piece[i] = map.get(i / map.size()).charAt(i % map.size()) == '#' ? i : -1;
            }
            for (boolean changed = true; changed; ) {
                changed = false;
                for (int i = 0; i < piece.length; i++) {
                    for (int j = 0; j < piece.length; j++) {
                        int distance =
                                Math.abs(i / map.size() - j / map.size()) + Math.abs(i % map.size() - j % map.size());
                        if (distance == 1 && piece[i] >= 0 && piece[j] > piece[i]) {
                            piece[j] = piece[i];
                            changed = true;
                        }
                    }
                }
            }
            long pieces =
                    Arrays.stream(piece).filter(value -> value >= 0).distinct().count();
            assertThat(asked.answer()).isEqualTo(Long.toString(pieces));
        });
    }

    @Test
    void maze() {
        Asked.each("maze", asked -> {
            List<String> map = asked.text().lines().skip(1).toList();
            int size = map.size();
            String cells = String.join("", map);
            int[] distance = new int[cells.length()]; // from S, relaxed until nothing changes
            Arrays.fill(distance, 1000);
            distance[cells.indexOf('S')] = 0;
            for (int round = 0; round < cells.length(); round++) {
                for (int i = 0; i < cells.length(); i++) {
                    for (int j :
                            new int[] {i - size, i + size, i % size > 0 ? i - 1 : -1, i % size < size - 1 ? i + 1 : -1
                            }) {
                        if (j >= 0 && j < cells.length() && cells.charAt(i) != '#' && cells.charAt(j) != '#') {
                            distance[i] = Math.min(distance[i], distance[j] + 1);
                        }
                    }
                }
            }
            assertThat(asked.answer()).hasSize(distance[cells.indexOf('G')]);
            assertThat(asked.solvedBy("UD" + asked.answer())).isFalse(); // not a shortest way
            assertThat(asked.solvedBy(asked.answer().toLowerCase(java.util.Locale.ROOT)))
                    .isFalse();
        });
    }

    @Test
    void shortestPath() {
        Asked.each("shortest-path", asked -> {
            int[][] length = new int[26][26];
            for (int[] row : length) {
                Arrays.fill(row, 100_000);
            }
            for (String road : asked.find("lengths: (.*?)\\. ").split(", ")) {
                int from = road.charAt(0) - 'A';
                int to = road.charAt(2) - 'A';
                length[from][to] =
                        length[to][from] = Asked.integers(road.substring(3)).getFirst();
            }
            String answer = asked.answer().replace(" ", "");
            int way = 0;
            for (int i = 1; i < answer.length(); i++) {
                way += length[answer.charAt(i - 1) - 'A'][answer.charAt(i) - 'A'];
            }
            for (int over = 0; over < 26; over++) { // Floyd and Warshall
                for (int from = 0; from < 26; from++) {
                    for (int to = 0; to < 26; to++) {
                        length[from][to] = Math.min(length[from][to], length[from][over] + length[over][to]);
                    }
                }
            }
            int from = asked.find("way from (\\w)").charAt(0) - 'A';
            int to = asked.find("way from \\w to (\\w)").charAt(0) - 'A';
            assertThat(way).isEqualTo(length[from][to]);
            assertThat(asked.solvedBy(new StringBuilder(asked.answer()).reverse()))
                    .isFalse();
        });
    }

    @Test
    void graphColoring() {
        Asked.each("graph-coloring", asked -> {
            List<Integer> colors = Asked.integers(asked.answer());
            for (String border : asked.find("neighbors: (.*?)\\. ").split(", ")) {
                int one = border.charAt(0) - 'A';
                int other = border.charAt(2) - 'A';
                assertThat(colors.get(one)).isNotEqualTo(colors.get(other));
                List<Integer> same = new ArrayList<>(colors);
                same.set(one, same.get(other));
                assertThat(asked.solvedBy(Words.join(same))).isFalse();
            }
            String renamed = asked.answer().replace('1', '4').replace('2', '1').replace('4', '2');
            assertThat(asked.solvedBy(renamed)).as("any coloring").isTrue();
            assertThat(asked.solvedBy(asked.answer().replace('1', '4'))).isFalse();
        });
    }

    @Test
    void topologicalOrder() {
        Asked.each("topological-order", asked -> {
            String order = asked.answer();
            for (String rule : asked.find("once: (.*?)\\. ").split(", ")) {
                assertThat(order.indexOf(rule.charAt(0))).isGreaterThan(order.indexOf(rule.charAt(rule.length() - 1)));
            }
            assertThat(asked.solvedBy(new StringBuilder(order).reverse())).isFalse();
            assertThat(asked.solvedBy(order.substring(2))).isFalse();
            String[] tasks = order.split(" ");
            for (int i = 1; i < tasks.length; i++) { // neighbors may be exchanged where no rule is between them
                String[] other = tasks.clone();
                other[i - 1] = tasks[i];
                other[i] = tasks[i - 1];
                assertThat(asked.solvedBy(String.join(", ", other)))
                        .isEqualTo(!asked.text().contains(tasks[i] + " after " + tasks[i - 1]));
            }
        });
    }
}
