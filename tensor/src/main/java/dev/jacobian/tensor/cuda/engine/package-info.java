// SPDX-License-Identifier: Apache-2.0
/**
 * One device at work.
 *
 * <p>{@code CudaEngine} takes work in the program's order and in one arithmetic; {@code CudaResources} is what the engines of a
 * device launch it with. {@code CudaArray} is a tensor's memory, {@code CudaCopies} how it is copied on the device; {@code
 * UploadedInts} keeps copies of small integer arrays, {@code RowGroups} sorts rows by where they go, {@code Places} says where
 * the device has integers already. A {@code CudaGraph} is work captured once and launched again. {@code Switches} are the system
 * properties that turn a way of computing off.
 */
package dev.jacobian.tensor.cuda.engine;
