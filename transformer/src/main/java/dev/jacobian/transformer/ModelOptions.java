// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.WeightFormat;

/**
 * Where a model lives, how it computes and how it holds its numbers. Models of different options live in one process.
 *
 * <pre>{@code
 * Device gpu = Device.cuda(0).with(Arithmetic.BATCH_INVARIANT);
 * CausalLM.load(folder, ModelOptions.DEFAULT.on(gpu).computingIn(DType.BF16));
 * }</pre>
 *
 * @param device where the weights are and everything is computed, in the device's {@link Arithmetic}
 * @param weights formats of the matrices; others than F32 are for inference alone, or stand beside an adapter
 * @param computeType F32, or on a GPU BF16: hidden states and the inputs of matrix products are then BF16, while sums,
 *     norms, softmax, log-probabilities, trained weights, their gradients and the optimizer stay F32
 * @param kvCache how keys and values are held while generating; {@link KvCacheType#Q8_0} rounds them, so that log-probabilities are not
 *     those of a pass without a cache, and sampling for training refuses it
 */
public record ModelOptions(Device device, WeightFormats weights, DType computeType, KvCacheType kvCache) {
    /** On the CPU, F32 throughout. */
    public static final ModelOptions DEFAULT =
            new ModelOptions(Device.CPU, WeightFormats.F32, DType.F32, KvCacheType.AUTO);

    /**
     * Checks the combination.
     *
     * @throws IllegalArgumentException if the device does not compute in the type or does not hold keys and values so
     */
    public ModelOptions {
        if (computeType != DType.F32 && computeType != DType.BF16) {
            throw new IllegalArgumentException("models compute in F32 or BF16, not in " + computeType);
        }
        if (computeType == DType.BF16 && device.equals(Device.CPU)) {
            throw new IllegalArgumentException(
                    "the CPU computes in F32; BF16 needs a GPU (WeightFormat.BF16 holds weights as BF16 anywhere)");
        }
        if (kvCache.isRounded() && device.kind() == Device.Kind.CUDA) {
            throw new IllegalArgumentException("a KV cache in " + kvCache.label() + " is for the CPU, not for " + device
                    + "; leave kv_cache_type at auto");
        }
        if (kvCache == KvCacheType.F32 && computeType != DType.F32) {
            throw new IllegalArgumentException("a model that computes in " + computeType + " keeps a KV cache in "
                    + computeType + ", not in f32; leave kv_cache_type at auto");
        }
    }

    /** The same on another device. */
    public ModelOptions on(Device other) {
        return new ModelOptions(other, weights, computeType, kvCache);
    }

    /** The same with matrices in another format. */
    public ModelOptions weights(WeightFormat other) {
        return weights(new WeightFormats.All(other));
    }

    /** The same with matrices in other formats. */
    public ModelOptions weights(WeightFormats other) {
        return new ModelOptions(device, other, computeType, kvCache);
    }

    /** The same computing in another type. */
    public ModelOptions computingIn(DType other) {
        return new ModelOptions(device, weights, other, kvCache);
    }

    /** The same with keys and values held in another type. */
    public ModelOptions kvCache(KvCacheType other) {
        return new ModelOptions(device, weights, computeType, other);
    }
}
