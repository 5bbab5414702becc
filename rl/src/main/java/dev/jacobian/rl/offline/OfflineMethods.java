// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.config.ConfigTree;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The methods that learn from recorded data, each with its default settings. */
public final class OfflineMethods {
    private static final List<OfflineMethod<?>> ALL = List.of(
            Sft.DEFAULT,
            Dpo.DEFAULT,
            Kto.DEFAULT,
            Orpo.DEFAULT,
            Cpo.DEFAULT,
            Bco.DEFAULT,
            BradleyTerry.DEFAULT,
            OutcomeValue.DEFAULT,
            GeneralPreference.DEFAULT,
            Prm.DEFAULT,
            Gkd.DEFAULT,
            RecordedDistillation.DEFAULT,
            OnPolicyDistillation.DEFAULT);

    private OfflineMethods() {}

    /** All of them. */
    public static List<OfflineMethod<?>> all() {
        return ALL;
    }

    /** The method of a name. */
    public static Optional<OfflineMethod<?>> find(String name) {
        return ALL.stream().filter(method -> method.name().equals(name)).findFirst();
    }

    /** The methods that have a setting of their own under this key. */
    public static List<String> having(String key) {
        return ALL.stream()
                .filter(method -> ConfigTree.names((Record) method).contains(key))
                .map(OfflineMethod::name)
                .toList();
    }

    /** Their names as a sentence has them. */
    public static String names() {
        return ALL.stream().map(OfflineMethod::name).collect(Collectors.joining(", "));
    }
}
