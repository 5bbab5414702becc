// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.ActorCritic;
import dev.jacobian.rl.advantage.TokenKl;
import dev.jacobian.rl.objective.AdaptiveKl;
import dev.jacobian.rl.objective.ValueLoss;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a method with a value model chooses beside what all methods do.
 *
 * @param estimate how rewards and values become returns
 * @param loss of the value model
 * @param coefficient what that loss is multiplied with
 * @param shared whether values are read off the policy's layers
 * @param path checkpoint that a value model of its own begins with; empty for the policy's
 * @param learningRate of a value model of its own, if not the policy's
 * @param rewardKl penalty in every token's reward, at first
 * @param control what steers its coefficient
 */
public record CriticChoice(
        ActorCritic estimate,
        ValueLoss loss,
        double coefficient,
        boolean shared,
        String path,
        OptionalDouble learningRate,
        TokenKl rewardKl,
        Optional<AdaptiveKl> control) {}
