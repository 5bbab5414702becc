// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * A GPU and what the driver tells of it.
 *
 * @param ordinal number among the devices that the driver shows, from 0
 * @param name the model's
 * @param memory all of its memory in bytes, what others use included
 * @param major of its compute capability
 * @param minor of its compute capability
 * @param multiprocessors number of streaming multiprocessors
 */
public record CudaDevice(int ordinal, String name, long memory, int major, int minor, int multiprocessors) {
    private static final int NAME_BYTES = 256;

    /**
     * All devices; the driver must be loaded.
     *
     * @throws CudaException if there is none, or the driver refuses
     */
    public static List<CudaDevice> list() {
        check(JCudaDriver.cuInit(0), "starting", "the driver");
        int[] count = new int[1];
        check(JCudaDriver.cuDeviceGetCount(count), "counting", "devices");
        if (count[0] == 0) {
            throw CudaResult.failure(CUresult.CUDA_ERROR_NO_DEVICE, "counting", "devices");
        }
        List<CudaDevice> devices = new ArrayList<>();
        for (int ordinal = 0; ordinal < count[0]; ordinal++) {
            devices.add(describe(ordinal));
        }
        return devices;
    }

    /**
     * One device; the driver must be loaded.
     *
     * @throws CudaException if there is no such device
     */
    static CudaDevice of(int ordinal) {
        List<CudaDevice> devices = list();
        if (ordinal < 0 || ordinal >= devices.size()) {
            throw new CudaException(
                    CUresult.CUDA_ERROR_INVALID_DEVICE,
                    "there is no device cuda:" + ordinal + "; there are " + devices
                            + " (CUDA_VISIBLE_DEVICES may hide some)",
                    null);
        }
        return devices.get(ordinal);
    }

    private static CudaDevice describe(int ordinal) {
        CUdevice handle = handle(ordinal);
        byte[] name = new byte[NAME_BYTES];
        check(JCudaDriver.cuDeviceGetName(name, NAME_BYTES, handle), "asking the name of device", ordinal);
        int length = 0;
        while (length < NAME_BYTES && name[length] != 0) {
            length++;
        }
        long[] memory = new long[1];
        check(JCudaDriver.cuDeviceTotalMem(memory, handle), "asking the memory of device", ordinal);
        return new CudaDevice(
                ordinal,
                new String(name, 0, length, StandardCharsets.UTF_8),
                memory[0],
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
    }

    private static CUdevice handle(int ordinal) {
        CUdevice handle = new CUdevice();
        check(JCudaDriver.cuDeviceGet(handle, ordinal), "opening device", ordinal);
        return handle;
    }

    private static int attribute(CUdevice handle, int attribute) {
        int[] value = new int[1];
        check(JCudaDriver.cuDeviceGetAttribute(value, attribute, handle), "asking a device for attribute", attribute);
        return value[0];
    }

    /** The driver's handle. */
    CUdevice handle() {
        return handle(ordinal);
    }

    @Override
    public String toString() {
        return "cuda:" + ordinal + " " + name + ", " + Bytes.text(memory) + ", compute capability " + major + "."
                + minor;
    }
}
