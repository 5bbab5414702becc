// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.ConfigTree;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The methods that have a name, each with its default settings. */
public final class Methods {
    private static final List<Method> ALL = List.of(
            Grpo.DEFAULT,
            Opo.DEFAULT,
            Omd.DEFAULT,
            Rloo.DEFAULT,
            Cispo.DEFAULT,
            Sppo.DEFAULT,
            Gpo.DEFAULT,
            OnlineDpo.DEFAULT,
            Rest.DEFAULT,
            Reinforce.DEFAULT,
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

    private Methods() {}

    /** All of them. */
    public static List<Method> all() {
        return ALL;
    }

    /** The method of a name, with its defaults. */
    public static Optional<Method> find(String name) {
        return ALL.stream().filter(method -> method.name().equals(name)).findFirst();
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
        List<String> names = ALL.stream().map(Method::name).toList();
        return names.stream().limit(names.size() - 1).collect(Collectors.joining(", ")) + " or " + names.getLast();
    }
}
