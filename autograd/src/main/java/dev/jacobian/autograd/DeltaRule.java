// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.DeltaInputs;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The gated delta rule (Yang et al., 2024, arXiv:2412.06464) over packed segments: each head keeps a map from keys to values and
 * corrects it with every token.
 *
 * <p>Both forms go token by token in the same order, so scoring a batch and decoding give the same bits. Only the form without
 * states can be differentiated.
 */
public final class DeltaRule {
    private DeltaRule() {}

    /** What the rule reads of each token, see {@link DeltaInputs}. */
    public record Inputs(Var q, Var k, Var v, Var decay, Var beta) {
        private DeltaInputs values() {
            return new DeltaInputs(q.value(), k.value(), v.value(), decay.value(), beta.value());
        }
    }

    /**
     * {@code S ← decay·S; u = beta·(v − Sᵀk); S ← S + k uᵀ; y = Sᵀq} for each token and head, from S = 0 where a sequence begins.
     *
     * <p>Backwards with G = dS of later tokens: G += q dyᵀ, dq = S·dy, du = Gᵀk, dbeta = du·(v − Sᵀk), dv = beta·du, dk = G·u −
     * decay·S₀·dv, then G −= k dvᵀ, ddecay = Σ G∘S₀, G ← decay·G. States are computed again in backward.
     *
     * @return [N, H · valueDim]
     */
    public static Var deltaRule(Inputs in, DeltaForm form, Segments segments) {
        check(in, form, segments);
        Var v = in.v;
        Tensor out = v.like();
        v.backend().recurrent().deltaRule(in.values(), form, segments, List.of(), out);
        return Operation.of("delta rule", in.q, in.k, v, in.decay, in.beta).result(out, dOut -> {
            DeltaInputs gradients =
                    new DeltaInputs(in.q.like(), in.k.like(), v.like(), in.decay.like(), in.beta.like());
            v.backend().recurrent().deltaRuleBackward(dOut, in.values(), form, segments, gradients);
            in.q.give(gradients.q());
            in.k.give(gradients.k());
            v.give(gradients.v());
            in.decay.give(gradients.decay());
            in.beta.give(gradients.beta());
        });
    }

    /**
     * The same for sequences that began earlier. Not differentiable.
     *
     * @param states of each segment [H, keyDim, valueDim]; brought up to date
     */
    public static Var continued(Inputs in, DeltaForm form, Segments segments, List<Tensor> states) {
        check(in, form, segments);
        States.require("delta rule", states, segments, form.heads(), form.keyDim(), form.valueDim());
        Tensor out = in.v.like();
        in.v.backend().recurrent().deltaRule(in.values(), form, segments, states, out);
        return Var.constant(out);
    }

    private static void check(Inputs in, DeltaForm form, Segments segments) {
        if (form.keyHeads() < 1 || form.heads() < form.keyHeads() || form.heads() % form.keyHeads() != 0) {
            throw new IllegalArgumentException("delta rule: " + form.heads() + " heads cannot share " + form.keyHeads()
                    + " key heads; make the first a multiple of the second");
        }
        int n = segments.rows();
        int keys = form.keyHeads() * form.keyDim();
        Shapes.require("delta rule", "q", in.q.value(), n, keys);
        Shapes.require("delta rule", "k", in.k.value(), n, keys);
        Shapes.require("delta rule", "v", in.v.value(), n, form.heads() * form.valueDim());
        Shapes.require("delta rule", "decay", in.decay.value(), n, form.heads());
        Shapes.require("delta rule", "beta", in.beta.value(), n, form.heads());
    }

    /**
     * How much of a state is left from one token to the next: {@code y = exp(−exp(logRate)·softplus(x + bias))}, between 0 and 1.
     *
     * <p>With e = dy·y·exp(logRate): dx = −e·σ(x + bias), dbias = Σ_n dx, dlogRate = −Σ_n e·softplus(x + bias).
     *
     * @param x [N, H]
     * @param logRate [H]
     * @param bias [H]
     * @return [N, H]
     */
    public static Var decay(Var x, Var logRate, Var bias) {
        Shapes.requireRank("decay", "x", x.value(), 2);
        int heads = x.value().extent(1);
        Shapes.require("decay", logRate.name(), logRate.value(), heads);
        Shapes.require("decay", bias.name(), bias.value(), heads);
        Tensor out = x.like();
        x.backend().recurrent().decay(x.value(), logRate.value(), bias.value(), out);
        return Operation.of("decay", x, logRate, bias).result(out, dOut -> {
            Tensor dX = x.like();
            Tensor dLogRate = logRate.requiresGrad() ? logRate.gradToAddInto() : null; // [H]
            x.backend().recurrent().decayBackward(dOut, x.value(), logRate.value(), bias.value(), out, dX, dLogRate);
            if (bias.requiresGrad()) {
                x.backend().elementwise().sumRowsInto(dX, bias.gradToAddInto());
            }
            x.give(dX);
        });
    }
}
