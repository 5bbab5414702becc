// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Which weights decay: not those of norms and no biases, as in Hugging Face's trainer; embeddings, heads and adapters do.
 *
 * <p>Decision: by the name in the checkpoint, because that is what such files agree on; a vector is not reason enough (the magnitudes of
 * DoRA are vectors and decay).
 */
public final class DecayGroups {
    private static final Pattern NEITHER = Pattern.compile(
            "bias|layernorm|layer_norm|rmsnorm|(^|\\.)(norm|ln)(\\.|$)|_norm(\\.|$)|(^|\\.)norm_|(^|\\.)ln_|norm[0-9]*\\.(weight|bias)$");

    private DecayGroups() {}

    /** The usual choice. */
    public static boolean decays(Parameter parameter) {
        return !NEITHER.matcher(parameter.name().toLowerCase(Locale.ROOT)).find();
    }

    /** All of them. */
    public static Predicate<Parameter> everything() {
        return parameter -> true;
    }
}
