// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.Names;
import dev.jacobian.rl.config.Numbers;
import dev.jacobian.rl.config.Setting;
import java.util.List;
import java.util.stream.IntStream;

/** Which losses of a pair are learned, and what they take beside. */
public record PreferenceLosses(
        @Setting(value = "sigmoid", doc = "one loss or several, whose sum is learned: sigmoid, hinge, ipo …")
        Names lossType,

        @Setting(value = "null", doc = "factors of several losses; null for 1 each")
        Numbers lossWeights,

        @Setting(value = "0.0", doc = "chance that a label is wrong; for robust, exo_pair, aot and aot_unpaired")
        double labelSmoothing,

        @Setting(value = "0.05", doc = "temperature of discopop")
        double discopopTau) {
    public PreferenceLosses {
        requirePositive("discopop_tau", discopopTau);
        require(
                labelSmoothing >= 0 && labelSmoothing < 0.5,
                "label_smoothing must lie in [0, 0.5), got " + labelSmoothing);
        require(!lossType.values().isEmpty(), "loss_type names no loss; use " + PreferenceLoss.names());
        for (String name : lossType.values()) {
            PreferenceLoss loss = PreferenceLoss.find(name);
            require(
                    labelSmoothing > 0 || !loss.needsSmoothing(),
                    "loss_type " + name + " needs label_smoothing above 0, such as 1e-3");
        }
        require(
                lossWeights.values().isEmpty()
                        || lossWeights.values().size() == lossType.values().size(),
                "loss_weights has " + lossWeights.values().size() + " factors for the "
                        + lossType.values().size() + " losses of loss_type");
    }

    /** A loss and its factor. */
    record Weighted(PreferenceLoss loss, double weight) {}

    /** All of them. */
    List<Weighted> all() {
        List<Double> weights = lossWeights.values();
        List<String> names = lossType.values();
        return IntStream.range(0, names.size())
                .mapToObj(k -> new Weighted(PreferenceLoss.find(names.get(k)), weights.isEmpty() ? 1 : weights.get(k)))
                .toList();
    }

    /** Whether pairs are taken apart, and put together again by rank. */
    boolean ranksPairs() {
        return all().stream().anyMatch(one -> one.loss().ranksPairs());
    }

    /** What was set and does nothing. */
    List<String> remarks() {
        return labelSmoothing == 0 || all().stream().anyMatch(one -> one.loss().smooths())
                ? List.of()
                : List.of("label_smoothing does nothing: robust, exo_pair, aot and aot_unpaired have it, not "
                        + String.join(", ", lossType.values()));
    }
}
