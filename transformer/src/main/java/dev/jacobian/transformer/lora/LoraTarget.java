// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import dev.jacobian.transformer.plan.TensorSpec;
import java.util.Optional;

/**
 * A matrix or table of the model that an adapter changes.
 *
 * @param base its tensor
 * @param module path of the module that a checkpoint keeps it in, perhaps with others
 * @param scale factor of B · A
 * @param a [r, inputs], which matrices of one module share; of a table [rows, r]
 * @param b [outputs, r]
 * @param magnitude [outputs], where lengths of rows are learned
 */
public record LoraTarget(
        TensorSpec base, String module, float scale, TensorSpec a, TensorSpec b, Optional<TensorSpec> magnitude) {}
