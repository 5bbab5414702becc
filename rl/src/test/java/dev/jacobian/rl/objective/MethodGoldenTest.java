// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.advantage.GroupAdvantages;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.Cispo;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.ImportanceSamplingLevel;
import dev.jacobian.rl.method.LossType;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Omd;
import dev.jacobian.rl.method.Rloo;
import dev.jacobian.rl.method.ScaleRewards;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Methods as settings name them against the losses of independent implementations, on the golden group of four. */
class MethodGoldenTest {
    private static final int LIMIT = 8; // the run's max_completion_length

    private static double loss(Method method) {
        Algorithm algorithm = RlConfig.builder()
                .method(method)
                .maxCompletionLength(LIMIT)
                .build()
                .algorithm();
        GroupRewards group = new GroupRewards(new double[] {1, 0, 0, 1}, Fixtures.LENGTHS);
        GroupAdvantages credit =
                algorithm.advantages().advantages(List.of(group)).getFirst();
        double[] advantages =
                IntStream.range(0, credit.size()).mapToDouble(credit::mean).toArray();
        return algorithm
                .objective()
                .evaluate(Fixtures.golden(advantages), algorithm.aggregation().normalizer(Fixtures.LENGTHS))
                .loss();
    }

    private static void check(Method method, double expected) {
        assertThat(loss(method)).isCloseTo(expected, within(6e-7));
    }

    @Test
    @DisplayName("GRPO as TRL runs it, as published, Dr.GRPO, DAPO's clip range, GSPO")
    void grpo() {
        Method plain = Grpo.DEFAULT.with("scale_rewards", ScaleRewards.NONE);
        check(Grpo.DEFAULT, 0.398753);
        check(Grpo.DEFAULT.with("loss_type", LossType.GRPO), -0.071769);
        check(Grpo.DEFAULT.with("loss_type", LossType.SEQ_MEAN_TOKEN_SUM), 1.196259);
        check(plain.with("loss_type", LossType.DR_GRPO), 0.086348);
        check(plain.with("epsilon", 0.2).with("epsilon_high", 0.28), 0.226927);
        check(
                plain.with("loss_type", LossType.GRPO)
                        .with("epsilon", 3e-4)
                        .with("epsilon_high", 4e-4)
                        .with("importance_sampling_level", ImportanceSamplingLevel.SEQUENCE),
                -0.000175);
        assertThat(loss(plain.with("beta", 0.5)) - loss(plain)).isCloseTo(0.5 * 0.032108, within(6e-7));
    }

    @Test
    @DisplayName("mirror descent with the mean and RLOO with TRL's sequence ratio; CISPO at ScaleRL's cap")
    void others() {
        check(Omd.DEFAULT, -0.683750);
        check(Rloo.DEFAULT, -0.115860);
        check(Cispo.DEFAULT.with("scale_rewards", ScaleRewards.NONE), -0.176468);
    }
}
