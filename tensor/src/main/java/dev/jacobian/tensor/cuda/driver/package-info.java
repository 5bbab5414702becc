// SPDX-License-Identifier: Apache-2.0
/**
 * The CUDA driver as Java objects.
 *
 * <ul>
 *   <li>{@code CudaDevice} is what the driver tells of a device, {@code CudaContext} a device in use, with its {@code
 *       Dispatcher}: the only thread that calls the driver. {@code CudaStream} and {@code CudaEvent} order work.
 *   <li>{@code DeviceMemory} gives {@code DeviceBlock}s, keeps those closed as {@code FreeBlocks}, and has the {@code MemoryAccount}; {@code GraphMemory} is the part that
 *       a captured graph holds. It is here, because nearly every call of the driver may take device memory of its own.
 *   <li>{@code CudaResult} turns every answer into a {@code CudaException} that says what to do; {@code RawPointer} and {@code
 *       RawDevicePointer} are JCuda's pointers with addresses of ours, {@code Bytes} writes sizes.
 * </ul>
 */
package dev.jacobian.tensor.cuda.driver;
