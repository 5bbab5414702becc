// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.catalog;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.tool.Calculator;
import dev.jacobian.rl.environment.tool.PlainCalls;
import dev.jacobian.rl.environment.tool.ToolEnvironment;
import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Rng;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Arithmetic with a {@link Calculator} at hand: {@code 347*589=}, in plain text called as {@code <<347*589>>}. */
public record CalculatorKind(
        @Setting(value = "3", doc = "digits of the numbers in its own problems, at most")
        int digits,

        @Setting(value = "+-*", doc = "operators in its own problems")
        String operators,

        EnvironmentLimits limits)
        implements EnvironmentKind {
    /** The defaults. */
    public static final CalculatorKind DEFAULT = ConfigTree.defaults(CalculatorKind.class);

    public CalculatorKind {
        if (digits < 1 || digits > 9) {
            throw new IllegalArgumentException("digits must be between 1 and 9, got " + digits);
        }
        if (!operators.matches("[-+*]+")) {
            throw new IllegalArgumentException("operators must be some of + - *, got '" + operators + "'");
        }
    }

    @Override
    public String name() {
        return "calculator";
    }

    @Override
    public String about() {
        return "arithmetic with a calculator; the task's reward judges the last turn";
    }

    @Override
    public Environment environment() {
        return new ToolEnvironment(name(), List.of(new Calculator()), PlainCalls.DEFAULT, limits);
    }

    @Override
    public Optional<Task> problems(boolean isConversation) {
        ExactMatchReward reward = new ExactMatchReward("answer", ExactMatchReward.Answer.LAST_NUMBER);
        return Optional.of(
                new MadeUp(name(), rng -> draw(rng, isConversation), isConversation, WeightedRewards.of(reward)));
    }

    private MadeUp.Drawn draw(Rng rng, boolean isConversation) {
        int bound = (int) Math.pow(10, digits);
        BigInteger a = BigInteger.valueOf(rng.nextInt(bound));
        BigInteger b = BigInteger.valueOf(rng.nextInt(bound));
        char operator = operators.charAt(rng.nextInt(operators.length()));
        BigInteger value = switch (operator) {
            case '+' -> a.add(b);
            case '-' -> a.subtract(b);
            default -> a.multiply(b);
        };
        String expression = a + "" + operator + b;
        return new MadeUp.Drawn(
                expression,
                isConversation ? "What is " + expression + "? Answer with the number alone." : expression + "=",
                Map.of("answer", value.toString()));
    }

    @Override
    public boolean isRewarding() {
        return false;
    }
}
