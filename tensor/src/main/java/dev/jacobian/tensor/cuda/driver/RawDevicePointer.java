// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import jcuda.driver.CUdeviceptr;

/** A device address in JCuda's clothes, and back: everything else here holds device addresses as {@code long}. */
public final class RawDevicePointer extends CUdeviceptr {
    /** For a call that writes the address of new memory. */
    public RawDevicePointer() {}

    public RawDevicePointer(long address) {
        super(new CUdeviceptr(), address);
    }

    long address() {
        return getNativePointer() + getByteOffset();
    }
}
