// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * How a family names and lays out its tensors. Most take Llama's names over; a family states what it has otherwise:
 *
 * <pre>{@code
 * CheckpointNames.LLAMA
 *         .named(Role.FINAL_NORM, "model.final_layernorm")
 *         .fused("model.layers.{}.self_attn.qkv_proj", Role.QUERY, Role.KEY, Role.VALUE)
 * }</pre>
 *
 * <p>A name is that of a module, {@code {}} the number of the layer; {@code .weight} and {@code .bias} come after it. Experts are
 * modules where the name has a {@value Layout#EACH} for their number; where it has none, all are in tensors of that name and of that
 * name with {@code _bias}. The name of a buffer, and of what is there for each head, is whole.
 */
public final class CheckpointNames {
    /** The names of Llama as transformers writes them. */
    public static final CheckpointNames LLAMA = new CheckpointNames(Map.of(), Set.of(".rotary_emb.inv_freq"), Set.of())
            .named(Role.EMBEDDING, "model.embed_tokens")
            .named(Role.ATTENTION_NORM, "model.layers.{}.input_layernorm")
            .named(Role.QUERY, "model.layers.{}.self_attn.q_proj")
            .named(Role.KEY, "model.layers.{}.self_attn.k_proj")
            .named(Role.VALUE, "model.layers.{}.self_attn.v_proj")
            .named(Role.OUTPUT, "model.layers.{}.self_attn.o_proj")
            .named(Role.QUERY_NORM, "model.layers.{}.self_attn.q_norm")
            .named(Role.KEY_NORM, "model.layers.{}.self_attn.k_norm")
            .named(Role.FEED_FORWARD_NORM, "model.layers.{}.post_attention_layernorm")
            .named(Role.GATE, "model.layers.{}.mlp.gate_proj")
            .named(Role.UP, "model.layers.{}.mlp.up_proj")
            .named(Role.DOWN, "model.layers.{}.mlp.down_proj")
            .named(Role.FINAL_NORM, "model.norm")
            .named(Role.HEAD, "lm_head")
            .named(Role.SCORE, "score");

    /** Modules for images beside a language model, of which no logit of text depends. */
    private static final List<String> OF_IMAGES = List.of(
            "vision_tower.",
            "multi_modal_projector.",
            "visual.",
            "model.connector.",
            "model.vision_model.",
            "model.vision_tower.",
            "model.multi_modal_projector.",
            "model.visual.");

    private final Map<Role, Place> places;
    private final Set<String> constants;
    private final Set<String> beside;

    /**
     * Where the tensors of a role are.
     *
     * @param shared roles whose rows follow each other in the stored tensor, this one among them
     * @param blocks rows of each of them that stay together; empty for all
     */
    record Place(String module, Layout.Order order, List<Role> shared, List<Integer> blocks) {}

    private CheckpointNames(Map<Role, Place> places, Set<String> constants, Set<String> beside) {
        this.places = places;
        this.constants = constants;
        this.beside = beside;
    }

    /**
     * The same where a checkpoint may also hold constants that were stored with the weights in former times.
     *
     * @param endings of their names
     */
    public CheckpointNames constants(String... endings) {
        Set<String> all = new TreeSet<>(constants);
        all.addAll(List.of(endings));
        return new CheckpointNames(places, all, beside);
    }

    /**
     * The same where a checkpoint may also hold modules of which no logit of the next token depends, such as those that predict
     * the tokens after it.
     *
     * @param beginnings of the names of all of their tensors
     */
    public CheckpointNames beside(String... beginnings) {
        return new CheckpointNames(places, constants, Set.of(beginnings));
    }

    /** Whether a tensor that no module asks for is such a constant, or of such a module. */
    public boolean isPassedOver(String stored) {
        return constants.stream().anyMatch(("." + stored)::endsWith)
                || Stream.concat(beside.stream(), OF_IMAGES.stream()).anyMatch(stored::startsWith);
    }

    /** What the names of all modules but the head begin with: {@code model.}; empty where there is nothing of the kind. */
    public String base() {
        String embedding = place(Role.EMBEDDING).module();
        return embedding.substring(0, embedding.indexOf('.') + 1);
    }

    /** The same without {@link #base}, as a checkpoint has it that was saved without its head. */
    public CheckpointNames withoutBase() {
        Map<Role, Place> bare = new EnumMap<>(Role.class);
        places.forEach((role, place) -> bare.put(
                role,
                place.module().startsWith(base())
                        ? new Place(
                                place.module().substring(base().length()),
                                place.order(),
                                place.shared(),
                                place.blocks())
                        : place));
        return new CheckpointNames(bare, constants, beside);
    }

    /** The same with another name for a module that has its tensors to itself. */
    public CheckpointNames named(Role role, String module) {
        return with(role, new Place(module, Layout.Order.PLAIN, List.of(role), List.of()));
    }

    /** The same with matrices of these roles stored as [inputs, outputs]. */
    public CheckpointNames transposed(Role... roles) {
        CheckpointNames result = this;
        for (Role role : roles) {
            Place place = result.place(role);
            result = result.with(
                    role, new Place(place.module(), Layout.Order.TRANSPOSED, place.shared(), place.blocks()));
        }
        return result;
    }

    /** The same with the rows of several roles below each other in one tensor. */
    public CheckpointNames fused(String module, Role... roles) {
        return inTurns(module, List.of(roles), List.of());
    }

    /** The same in turns: {@code block} rows of each role, then the next of each. */
    public CheckpointNames interleaved(String module, int block, Role... roles) {
        return inTurns(module, List.of(roles), Collections.nCopies(roles.length, block));
    }

    /** The same where a turn has a number of rows of its own of each role; empty for all rows of each in one turn. */
    public CheckpointNames inTurns(String module, List<Role> roles, List<Integer> blocks) {
        CheckpointNames result = this;
        for (Role role : EnumSet.copyOf(roles)) {
            result = result.with(role, new Place(module, Layout.Order.PLAIN, roles, blocks));
        }
        return result;
    }

    /**
     * The same with the weights of all experts of a layer in two tensors: gates above ups, [E, 2 · inner, D], and downs,
     * [E, D, inner]. So transformers 5 holds them, and saves them where it is told not to go back to the family's own form
     * ({@code save_original_format=False}); Mixtral's router has the name of the others' there.
     */
    public CheckpointNames stackedExperts() {
        return named(Role.ROUTER, "model.layers.{}.mlp.gate")
                .fused("model.layers.{}.mlp.experts.gate_up_proj", Role.EXPERT_GATE, Role.EXPERT_UP)
                .named(Role.EXPERT_DOWN, "model.layers.{}.mlp.experts.down_proj");
    }

    private CheckpointNames with(Role role, Place place) {
        Map<Role, Place> changed = new EnumMap<>(Role.class);
        changed.putAll(places);
        changed.put(role, place);
        return new CheckpointNames(changed, constants, beside);
    }

    /**
     * The place of a role.
     *
     * @throws IllegalArgumentException if the family has no name for it
     */
    Place place(Role role) {
        Place place = places.get(role);
        if (place == null) {
            throw new IllegalArgumentException("the family has no name for " + role + "; give it one");
        }
        return place;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CheckpointNames names
                && names.places.equals(places)
                && names.constants.equals(constants)
                && names.beside.equals(beside);
    }

    @Override
    public int hashCode() {
        return places.hashCode();
    }

    @Override
    public String toString() {
        return places.toString();
    }
}
