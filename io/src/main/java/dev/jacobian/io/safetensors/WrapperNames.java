// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The names that training wrappers put around a model's own: a checkpoint that was saved without unwrapping the model has
 * {@code _orig_mod.model.norm.weight} for {@code model.norm.weight}.
 *
 * <p>Decisions: a wrapper's name is removed where that is unambiguous. One that begins with an underscore ({@code
 * torch.compile}, FSDP, activation checkpointing) is no module of a model and goes wherever it stands; {@code module.}
 * (data parallelism) and {@code base_model.model.} (PEFT) could be, and go only if every name begins with them. {@code
 * language_model.} and {@code text_model.}, in which models that read images have their model of text, go from the names that have them. If two
 * tensors would get one name, or adapters are among them, all names stay, and {@link #advice} says what the file holds.
 */
final class WrapperNames {
    private static final Pattern ANYWHERE =
            Pattern.compile("(?<![^.])(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\\.");

    /** Wrappers that every name must begin with, and what leaves them. */
    private static final Map<String, String> LEADING = leading();

    /** Modules of language models beside those for images, and what is in their place in a model of text. */
    private static final Map<String, String> LANGUAGE_MODELS =
            Map.of("language_model.", "", "model.language_model.", "model.", "model.text_model.", "model.");

    private WrapperNames() {}

    private static Map<String, String> leading() {
        Map<String, String> out = new LinkedHashMap<>();
        out.put("module.", "data-parallel training leaves");
        out.put("base_model.model.", "PEFT leaves");
        return out;
    }

    /** The name within the model of each stored name; the stored names themselves if there is no one way to unwrap them. */
    static Map<String, String> unwrap(Collection<String> stored) {
        Map<String, String> own = new LinkedHashMap<>();
        stored.forEach(name -> own.put(name, name));
        if (stored.stream().anyMatch(WrapperNames::isAdapter)) {
            return own;
        }
        own.replaceAll((name, same) -> ANYWHERE.matcher(name).replaceAll(""));
        for (boolean again = true; again; ) { // they nest: module.module., base_model.model.module.
            again = false;
            for (String prefix : LEADING.keySet()) {
                if (!own.isEmpty() && own.values().stream().allMatch(name -> name.startsWith(prefix))) {
                    own.replaceAll((name, wrapped) -> wrapped.substring(prefix.length()));
                    again = true;
                }
            }
        }
        own.replaceAll((name, wrapped) -> languageModel(wrapped));
        if (own.values().stream().distinct().count() < own.size()) {
            own.replaceAll((name, unwrapped) -> name);
        }
        return own;
    }

    /** A model that reads images too has its language model in a module of its own, beside those for images. */
    private static String languageModel(String name) {
        for (Map.Entry<String, String> module : LANGUAGE_MODELS.entrySet()) {
            if (name.startsWith(module.getKey())) {
                return module.getValue() + name.substring(module.getKey().length());
            }
        }
        return name;
    }

    /** What the names tell of a file whose tensors are not those that a model wants. */
    static Optional<String> advice(Collection<String> names) {
        List<String> adapters = names.stream().filter(WrapperNames::isAdapter).toList();
        if (!adapters.isEmpty()) {
            return Optional.of("It holds the tensors of an adapter, such as '" + adapters.getFirst()
                    + "': merge the adapter into its base model first (PEFT's merge_and_unload) and save that");
        }
        List<String> signs = new ArrayList<>();
        if (names.stream().anyMatch(name -> ANYWHERE.matcher(name).find())) {
            signs.add("_orig_mod., as torch.compile leaves it");
        }
        LEADING.forEach((prefix, by) -> {
            if (names.stream().anyMatch(name -> name.startsWith(prefix))) {
                signs.add(prefix + ", as " + by + " it");
            }
        });
        return signs.isEmpty()
                ? Optional.empty()
                : Optional.of("Some of its tensors, not all, have names with " + String.join(" and ", signs)
                        + ": save the unwrapped model, or rename them");
    }

    private static boolean isAdapter(String name) {
        return name.contains(".lora_A.") || name.contains(".lora_B.") || name.contains(".base_layer.");
    }
}
