// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jacobian.tensor.cuda.libraries.CudaLibraries;
import dev.jacobian.tensor.cuda.libraries.CudaLoader;
import dev.jacobian.tensor.cuda.libraries.LibrarySearch;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * The fake driver in this process: what a test sets and asks of it beside the driver's own functions.
 *
 * <p>When work runs is {@code jacobian.gpu.emulation.mode}: {@code lazy}, when somebody waits for it, or {@code eager}. In
 * processes that take it from {@code JACOBIAN_EMULATION_MODE} also {@code overtaking}: lazy, but only a device's first stream.
 * Which of a kernel's threads and blocks goes first is {@code jacobian.gpu.emulation.order}: {@code forward}, {@code
 * reverse} or {@code random}.
 */
@SuppressWarnings("restricted") // calls native functions: that is what it is for
public final class FakeDriver {
    private static final int TEXT_BYTES = 1 << 16;
    private static FakeDriver instance;

    private final Path folder;
    private final SymbolLookup symbols;

    private FakeDriver(Path folder) {
        this.folder = folder;
        this.symbols = SymbolLookup.libraryLookup(folder.resolve("libcuda.so.1"), Arena.global());
    }

    /** Builds it if need be, loads it and cuBLAS under JCuda, and puts its settings back. */
    public static synchronized FakeDriver require() {
        Path folder = EmulationLibrary.folder();
        if (instance == null) {
            instance = new FakeDriver(folder);
            CudaLoader.cublas(instance.libraries());
        }
        instance.reset();
        return instance;
    }

    /** What the search finds when the fake's folder is the only place. */
    public CudaLibraries libraries() {
        return CudaLibraries.find(new LibrarySearch(folder.resolve("no-root"), Map.of(), folder.toString()));
    }

    public Path folder() {
        return folder;
    }

    /** Whether work waits until somebody waits for it. */
    public static boolean lazy() {
        return !"eager".equals(System.getProperty("jacobian.gpu.emulation.mode"));
    }

    /** Which of a kernel's threads and blocks goes first, unless a test chooses. */
    static ThreadOrder order() {
        return ThreadOrder.valueOf(
                System.getProperty("jacobian.gpu.emulation.order", "forward").toUpperCase(Locale.ROOT));
    }

    public void reset() {
        setLazy(lazy());
        setOrder(order());
        loseDeviceAfter(-1);
        setDevices(1);
        setMemory(1L << 30);
        setTaken(0);
        setOthersEarly(false);
        ignoreWait(-1);
        takeFaults();
    }

    public void setLazy(boolean lazy) {
        call("fakecuda_set_lazy", lazy ? 1 : 0);
    }

    public void setOrder(ThreadOrder order) {
        try (Arena arena = Arena.ofConfined()) {
            call("emu_set_order", arena.allocateFrom(order.label()));
        }
    }

    public void setDevices(int devices) {
        call("fakecuda_set_devices", devices);
    }

    public void setMemory(long bytes) {
        call("fakecuda_set_memory", bytes);
    }

    /** Loses the device at a launch after some that work: all calls fail from then on. Negative: brings it back. */
    public void loseDeviceAfter(int launches) {
        call("fakecuda_lose_after", launches);
    }

    /** Makes a call of a driver function fail after some that pass. */
    public void inject(String function, int passing, int code) {
        inject(function, passing, code, 1);
    }

    /** Makes so many calls of a driver function fail after some that pass. */
    public void inject(String function, int passing, int code, int times) {
        try (Arena arena = Arena.ofConfined()) {
            call("fakecuda_inject", arena.allocateFrom(function), passing, code, times);
        }
    }

    /** Bytes of each device's memory that another process holds. */
    public void setTaken(long bytes) {
        call("fakecuda_set_taken", bytes);
    }

    /** In lazy mode: whether all but a device's first stream run as early as they may, so that copies overtake arithmetic. */
    public void setOthersEarly(boolean early) {
        call("fakecuda_set_others_early", early ? 1 : 0);
    }

    /** Ignores a wait of a stream for an event after some that pass: a mistake to be found. Negative: ignores none. */
    public void ignoreWait(int passing) {
        call("fakecuda_ignore_wait", passing);
    }

    /** The mistakes that it saw since it was last asked, one a line. */
    public String takeFaults() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(TEXT_BYTES);
            call("fakecuda_take_faults", text, (long) TEXT_BYTES);
            return text.getString(0);
        }
    }

    /** Kernels, copies and graphs given to streams so far; what is captured is not, and a graph is one. */
    public long piecesGiven() {
        return (long) invoke(JAVA_LONG, "fakecuda_pieces_given");
    }

    private void call(String name, Object... arguments) {
        invoke(null, name, arguments);
    }

    private Object invoke(MemoryLayout result, String name, Object... arguments) {
        MemoryLayout[] layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            layouts[i] = switch (arguments[i]) {
                case Integer ignored -> JAVA_INT;
                case Long ignored -> JAVA_LONG;
                default -> ADDRESS;
            };
        }
        MethodHandle handle = Linker.nativeLinker()
                .downcallHandle(
                        symbols.find(name).orElseThrow(),
                        result == null ? FunctionDescriptor.ofVoid(layouts) : FunctionDescriptor.of(result, layouts));
        try {
            return handle.invokeWithArguments(arguments);
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }
}
