// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.family;

import dev.jacobian.transformer.config.ConfigKeys;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import java.util.Map;

/**
 * A model family: how its config.json is read as a plan. A subclass is the family's table: it states what
 * distinguishes the family, and nothing that others share.
 *
 * <p>To add one: write the class, list it in {@link Families}, and write {@code docs/families.md} anew (its test says how).
 */
public abstract class Family {
    private final String modelType;
    private final String architecture;
    private final String source;

    /**
     * What names a family.
     *
     * @param modelType {@code model_type} in config.json
     * @param architecture the entry of {@code architectures} in config.json
     * @param source the paper that describes it, or where there is none the model card
     */
    Family(String modelType, String architecture, String source) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.source = source;
    }

    /** {@code model_type} in config.json. */
    public final String modelType() {
        return modelType;
    }

    /** The entry of {@code architectures} in config.json. */
    public final String architecture() {
        return architecture;
    }

    /** Whether an entry of {@code architectures} means a language model of the family, or the base of one, which may be tied. */
    final boolean isArchitecture(String name) {
        return name.equalsIgnoreCase(architecture) // the first Llamas are LLaMAs
                || name.equals(architecture.replaceFirst("(ForCausalLM|LMHeadModel)$", "Model"));
    }

    /** A plan of the family with a head that scores. */
    DecoderPlan scoring(DecoderPlan plan, Head.Scores head) {
        return plan.withHead(head);
    }

    /** The paper that describes it, or where there is none the model card. */
    public final String source() {
        return source;
    }

    /** The names that the family has for keys that most call otherwise, by the name that most have. */
    public Map<String, String> keys() {
        return Map.of();
    }

    /**
     * What a config.json of the family computes.
     *
     * @throws dev.jacobian.io.FormatException if the file says what the family cannot be, or what is not computed here
     */
    public abstract DecoderPlan plan(ConfigKeys config);
}
