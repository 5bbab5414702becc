// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Norm;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Where two decoders part: the first thing that they do not compute alike.
 *
 * <p>Decisions: compared are the plans and not config.json, because one model can be written down in several ways: keys that are left out where
 * they have their defaults, and old and new names of the same. A plan is records all the way down and has everything that decides
 * numbers, so whatever a family may learn to say is compared without a line here. Names of tensors are no part of it.
 *
 * @param at the component: {@code layers[0].mixer.heads}
 * @param key what config.json mostly calls it; empty where families have many names for it
 * @param one what the first decoder has there
 * @param other what the other has
 */
record PlanDifference(String at, String key, String one, String other) {
    /** Names in config.json, by component. */
    private static final Map<String, String> KEYS = Map.ofEntries(
            Map.entry("vocabulary", "vocab_size"),
            Map.entry("width", "hidden_size"),
            Map.entry("head", "tie_word_embeddings"),
            Map.entry("heads", "num_attention_heads"),
            Map.entry("kvHeads", "num_key_value_heads"),
            Map.entry("headDim", "head_dim"),
            Map.entry("window", "sliding_window"),
            Map.entry("rope", "rope_parameters"),
            Map.entry("theta", "rope_theta"),
            Map.entry("inner", "intermediate_size"),
            Map.entry("activation", "hidden_act"),
            Map.entry("perToken", "num_experts_per_tok"));

    private static final int LONGEST = 120;

    /** The first difference; empty if both compute the same from the same weights. */
    static Optional<PlanDifference> between(DecoderPlan one, DecoderPlan other) {
        if (one.layers().size() != other.layers().size()) {
            return Optional.of(new PlanDifference(
                    "layers",
                    "num_hidden_layers",
                    String.valueOf(one.layers().size()),
                    String.valueOf(other.layers().size())));
        }
        DecoderPlan sameNames = other.withNames(one.names());
        return between("", "", one, sameNames);
    }

    private static Optional<PlanDifference> between(String at, String key, Object one, Object other) {
        if (one.equals(other)) {
            return Optional.empty();
        }
        if (one.getClass() == other.getClass()) {
            if (one instanceof Record) {
                return ofRecords(at, key, one, other);
            }
            if (one instanceof Optional<?> left && left.isPresent() && ((Optional<?>) other).isPresent()) {
                return between(at, key, left.get(), ((Optional<?>) other).get());
            }
        }
        if (one instanceof List<?> left && other instanceof List<?> right && left.size() == right.size()) {
            return ofLists(at, key, left, right);
        }
        return Optional.of(new PlanDifference(at, key, text(one), text(other)));
    }

    private static Optional<PlanDifference> ofRecords(String at, String key, Object one, Object other) {
        for (RecordComponent component : one.getClass().getRecordComponents()) {
            String name = component.getName();
            String own =
                    one instanceof Norm.Rms && name.equals("epsilon") ? "rms_norm_eps" : KEYS.getOrDefault(name, key);
            Optional<PlanDifference> difference =
                    between(at.isEmpty() ? name : at + "." + name, own, value(component, one), value(component, other));
            if (difference.isPresent()) {
                return difference;
            }
        }
        return Optional.of(new PlanDifference(at, key, text(one), text(other))); // their equals knows more than we see
    }

    private static Optional<PlanDifference> ofLists(String at, String key, List<?> one, List<?> other) {
        for (int i = 0; i < one.size(); i++) {
            Optional<PlanDifference> difference = between(
                    at + "[" + i + "]", key, Objects.requireNonNull(one.get(i)), Objects.requireNonNull(other.get(i)));
            if (difference.isPresent()) {
                return difference;
            }
        }
        return Optional.empty();
    }

    private static Object value(RecordComponent component, Object of) {
        try {
            return Objects.requireNonNull(component.getAccessor().invoke(of));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a component of a plan that cannot be read: " + component, e);
        }
    }

    private static String text(Object value) {
        String text = value.toString();
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
    }

    /** The component, and first what config.json calls it. */
    String name() {
        return key.isEmpty() ? at : key + " (" + at + ")";
    }
}
