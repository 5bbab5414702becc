// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;

/**
 * 18: a puzzle of your own.
 *
 * <p>A question, drawn from random numbers, and what answers it: the rest of a task follows, problems for training and
 * evaluation that never meet, prompts, and a reward of 1 for whatever is right.
 */
class APuzzleOfYourOwn {
    /** Two numbers with a given sum and product. */
    record SumAndProduct() implements Puzzle {
        public About about() {
            return new About("sum-and-product", PuzzleFamily.ALGEBRA, "find two numbers; difficulty is their size", Levels.upTo(9));
        }

        public Question ask(Rng rng, int difficulty) {
            int a = 1 + rng.nextInt(100 * difficulty);
            int b = 1 + rng.nextInt(100 * difficulty);
            return new Question(
                    "Which two numbers have the sum %d and the product %d?".formatted(a + b, a * b),
                    a + " " + b,
                    Map.of("sum", a + b, "product", a * b));
        }

        public boolean solves(Columns question, String answer) {
            List<Long> numbers = new Scanner(answer).tokens()
                    .filter(word -> word.matches("\\d{1,9}"))
                    .map(Long::valueOf)
                    .toList();
            return numbers.size() == 2
                    && numbers.get(0) + numbers.get(1) == question.integer("sum")
                    && numbers.get(0) * numbers.get(1) == question.integer("product");
        }
    }

    void main() {
        Task task = new PuzzleTask(new SumAndProduct());
        Problem problem = task.trainProblem(0, 0);
        IO.print(problem.prompt());
        for (String completion : List.of(
                "<answer>%s</answer>".formatted(problem.columns().string("answer")),
                "<answer>1 2</answer>",
                "no idea")) {
            WeightedRewards.Weighted reward = task.rewards().rewards().getFirst();
            Score score = ((RewardFunction) reward.function())
                    .score(problem.completion(completion, new int[0], FinishReason.STOP));
            IO.println(completion + " earns " + score.orNaN());
        }
        IO.println(task.evalProblems(100).size() + " others to measure with; tasks by name: " + Tasks.all().size());
    }
}

/* Prints:
Which two numbers have the sum 107 and the product 2730?
Think first, then write the answer between <answer> and </answer>.
<answer>42 65</answer> earns 1.0
<answer>1 2</answer> earns 0.0
no idea earns 0.0
100 others to measure with; tasks by name: 37
*/
