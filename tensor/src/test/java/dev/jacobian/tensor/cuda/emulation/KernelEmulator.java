// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * Launches kernels on the emulated device, one test long.
 *
 * <p>Every piece of memory lies between two guards, and each launch looks at all of them afterwards: a kernel that writes
 * outside its output fails the test that launched it.
 */
@SuppressWarnings("restricted") // this is native code from end to end
public final class KernelEmulator implements AutoCloseable {
    private static final SymbolLookup LIBRARY = SymbolLookup.libraryLookup(EmulationLibrary.get(), Arena.global());
    private static final MethodHandle LAUNCH =
            function("emu_launch", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS));
    private static final MethodHandle ERROR = function("emu_error", FunctionDescriptor.of(ADDRESS));
    private static final MethodHandle KERNELS = function("emu_kernels", FunctionDescriptor.of(ADDRESS));
    private static final MethodHandle SIZES = function("emu_parameter_sizes", FunctionDescriptor.of(ADDRESS, ADDRESS));
    private static final MethodHandle SET_ORDER = function("emu_set_order", FunctionDescriptor.ofVoid(ADDRESS));

    private final Arena arena = Arena.ofShared();
    private final List<EmulatedMemory> memories = new ArrayList<>();

    KernelEmulator(ThreadOrder order) {
        call(SET_ORDER, arena.allocateFrom(order.label()));
    }

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker()
                .downcallHandle(
                        LIBRARY.find(name).orElseThrow(() -> new AssertionError("no function " + name)), descriptor);
    }

    private static Object call(MethodHandle function, Object... arguments) {
        try {
            return function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError("a call of the emulation library failed", e);
        }
    }

    private static String text(Object address) {
        return ((MemorySegment) address).reinterpret(Long.MAX_VALUE).getString(0);
    }

    /** The names of all kernels. */
    public static List<String> kernels() {
        return List.of(text(call(KERNELS)).split(","));
    }

    /** Bytes of each parameter of a kernel, separated by commas, or null. */
    public static String parameterSizes(String kernel) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = (MemorySegment) call(SIZES, arena.allocateFrom(kernel));
            return sizes.address() == 0 ? null : text(sizes);
        }
    }

    /** A number for each element of {@code x}, rounded to {@code type}. */
    public EmulatedMemory copy(Tensor x, DType type) {
        EmulatedMemory memory = allocate(type, x.elements());
        memory.write(x);
        return memory;
    }

    /** F32 numbers. */
    public EmulatedMemory copy(Tensor x) {
        return copy(x, DType.F32);
    }

    public EmulatedMemory copy(int... values) {
        EmulatedMemory memory = allocate(DType.I32, values.length);
        MemorySegment.copy(values, 0, memory.segment(), JAVA_INT, 0, values.length);
        return memory;
    }

    public EmulatedMemory copy(long... values) {
        EmulatedMemory memory = allocate(DType.I64, values.length);
        MemorySegment.copy(values, 0, memory.segment(), ValueLayout.JAVA_LONG, 0, values.length);
        return memory;
    }

    public EmulatedMemory copy(byte... values) {
        EmulatedMemory memory = allocate(DType.I8, values.length);
        MemorySegment.copy(values, 0, memory.segment(), ValueLayout.JAVA_BYTE, 0, values.length);
        return memory;
    }

    /** Memory whose bytes are all ones: NaN in every floating type. */
    public EmulatedMemory allocate(DType type, int elements) {
        EmulatedMemory memory = new EmulatedMemory(arena, type, elements);
        memories.add(memory);
        return memory;
    }

    /** Runs a kernel; fails if the device reports an error. */
    public void launch(String kernel, int gridX, int gridY, int threads, Object... arguments) {
        String error = tryLaunch(kernel, gridX, gridY, threads, 0, arguments);
        if (error != null) {
            throw new AssertionError(error);
        }
        memories.forEach(memory -> memory.checkGuards(kernel));
    }

    /**
     * Runs a kernel.
     *
     * @param arguments {@link EmulatedMemory}, null for a null pointer, or numbers of exactly the parameters' types
     * @return the device's error, or null
     */
    public String tryLaunch(String kernel, int gridX, int gridY, int threads, int sharedBytes, Object... arguments) {
        try (Arena frame = Arena.ofConfined()) {
            MemorySegment pointers = frame.allocate(ADDRESS, arguments.length);
            StringBuilder sizes = new StringBuilder();
            for (int i = 0; i < arguments.length; i++) {
                MemorySegment value = switch (arguments[i]) {
                    case null -> frame.allocateFrom(ADDRESS, MemorySegment.NULL);
                    case EmulatedMemory memory -> frame.allocateFrom(ADDRESS, memory.segment());
                    case Integer number -> frame.allocateFrom(JAVA_INT, number);
                    case Float number -> frame.allocateFrom(ValueLayout.JAVA_FLOAT, number);
                    case Long number -> frame.allocateFrom(ValueLayout.JAVA_LONG, number);
                    case Double number -> frame.allocateFrom(ValueLayout.JAVA_DOUBLE, number);
                    default -> throw new IllegalArgumentException("a kernel takes no " + arguments[i].getClass());
                };
                pointers.setAtIndex(ADDRESS, i, value);
                sizes.append(i == 0 ? "" : ",").append(value.byteSize());
            }
            String expected = parameterSizes(kernel);
            if (expected != null && !expected.contentEquals(sizes)) {
                throw new AssertionError(kernel + " takes parameters of " + expected + " bytes, not " + sizes);
            }
            int result = (int) call(
                    LAUNCH,
                    frame.allocateFrom(kernel),
                    frame.allocateFrom(JAVA_INT, gridX, gridY, 1),
                    frame.allocateFrom(JAVA_INT, threads, 1, 1),
                    sharedBytes,
                    pointers);
            return result == 0 ? null : "error " + result + ": " + text(call(ERROR));
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
