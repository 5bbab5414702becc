// SPDX-License-Identifier: Apache-2.0
/**
 * Low-rank adapters in the form of Hugging Face PEFT: what an adapter_config.json says, which modules of a plan it changes, and how the tensors
 * of its adapter_model.safetensors are named.
 */
package dev.jacobian.transformer.lora;
