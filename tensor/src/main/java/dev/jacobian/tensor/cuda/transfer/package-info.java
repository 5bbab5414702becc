// SPDX-License-Identifier: Apache-2.0
/**
 * Copies between Java arrays and a device: {@code Staging} copies arrays through a ring of {@code PinnedBuffer}s, a {@code
 * Readback} is such a copy under way, {@code HostCopies} its part on the host.
 */
package dev.jacobian.tensor.cuda.transfer;
