// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.ConfigTree;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The methods that have a name, each with its default settings. */
public final class Methods {
    private static final List<Method> ALL = List.of(
            Grpo.DEFAULT,
            Opo.DEFAULT,
            Omd.DEFAULT,
            Rloo.DEFAULT,
            Cispo.DEFAULT,
            Ppo.DEFAULT,
            Sppo.DEFAULT,
            Gpo.DEFAULT,
            OnlineDpo.DEFAULT,
            NashMd.DEFAULT,
            Rest.DEFAULT,
            Reinforce.DEFAULT,
            ReMax.DEFAULT,
            Dapo.DEFAULT,
            ClipCov.DEFAULT,
            KlCov.DEFAULT,
            ReinforcePlusPlus.DEFAULT,
            ReinforcePlusPlusBaseline.DEFAULT,
            Dppo.DEFAULT,
            Gmpo.DEFAULT,
            Gpg.DEFAULT,
            MaxRl.DEFAULT,
            PassAtK.DEFAULT,
            Dro.DEFAULT,
            Oapl.DEFAULT,
            AStarPo.DEFAULT,
            KimiK25.DEFAULT);

    private static final List<Preset> PRESETS = List.of(
            new Preset(
                    "dr_grpo", "Liu et al., arXiv 2503.20783", Map.of("loss_type", "dr_grpo", "scale_rewards", "none")),
            new Preset(
                    "gspo",
                    "Zheng et al., arXiv 2507.18071",
                    Map.of(
                            "importance_sampling_level",
                            "sequence",
                            "loss_type",
                            "grpo",
                            "epsilon",
                            3e-4,
                            "epsilon_high",
                            4e-4,
                            "updates_per_rollout",
                            4)),
            new Preset(
                    "luspo",
                    "arXiv 2602.05261",
                    Map.of(
                            "importance_sampling_level",
                            "sequence",
                            "loss_type",
                            "luspo",
                            "epsilon",
                            3e-4,
                            "epsilon_high",
                            4e-4,
                            "updates_per_rollout",
                            4)),
            new Preset("sapo", "arXiv 2511.20347", Map.of("loss_type", "sapo", "updates_per_rollout", 4)),
            new Preset("vespo", "arXiv 2602.10693", Map.of("loss_type", "vespo", "updates_per_rollout", 4)));

    /**
     * A name for settings of {@link Grpo}: the run is one of {@code grpo} with these.
     *
     * @param name what {@code algorithm} may say
     * @param paper where it is published
     * @param settings what differs from the defaults
     */
    public record Preset(String name, String paper, Map<String, Object> settings) {
        /** GRPO with these settings. */
        public Method method() {
            Method method = Grpo.DEFAULT;
            for (Map.Entry<String, Object> setting : settings.entrySet()) {
                method = method.with(setting.getKey(), setting.getValue());
            }
            return method;
        }
    }

    private Methods() {}

    /** All of them. */
    public static List<Method> all() {
        return ALL;
    }

    /** The names that stand for settings of one of them. */
    public static List<Preset> presets() {
        return PRESETS;
    }

    /** The method of a name, with its defaults; of a preset's, with its settings. */
    public static Optional<Method> find(String name) {
        return ALL.stream()
                .filter(method -> method.name().equals(name))
                .findFirst()
                .or(() -> PRESETS.stream()
                        .filter(preset -> preset.name().equals(name))
                        .findFirst()
                        .map(Preset::method));
    }

    /**
     * The method of a name, with its defaults.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Method named(String name) {
        return find(name)
                .orElseThrow(() -> new IllegalArgumentException("unknown algorithm '" + name + "'; use " + names()));
    }

    /** Whether it is one of these, with whatever settings, rather than a method of one's own. */
    public static boolean contains(Method method) {
        return ALL.stream().anyMatch(known -> known.getClass() == method.getClass());
    }

    /** The methods that have a setting of their own under this key. */
    public static List<String> having(String key) {
        return ALL.stream()
                .filter(method -> method instanceof Record settings
                        && ConfigTree.names(settings).contains(key))
                .map(Method::name)
                .toList();
    }

    /** Their names as a sentence has them: {@code grpo, opo or omd}. */
    public static String names() {
        List<String> names = Stream.concat(
                        ALL.stream().map(Method::name), PRESETS.stream().map(Preset::name))
                .toList();
        return names.stream().limit(names.size() - 1).collect(Collectors.joining(", ")) + " or " + names.getLast();
    }
}
