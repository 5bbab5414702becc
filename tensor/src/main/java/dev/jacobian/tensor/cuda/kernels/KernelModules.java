// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The library's kernels on a device, each text compiled when a kernel of it is first asked for.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The driver compiles a whole text at once, and most programs use a third of the kernels: a text for each source lets
 *       them wait for that third only. The driver keeps what it compiled, so a machine waits once.
 *   <li>A kernel that is first used while a graph is captured is compiled then. Captures are relaxed, so the driver permits
 *       it; what is captured has seldom not been computed before.
 * </ul>
 *
 * <p>On the dispatcher's thread only.
 */
public final class KernelModules implements AutoCloseable {
    private static final Logger LOG = System.getLogger("dev.jacobian.tensor.cuda");

    private final CudaContext context;
    private final KernelTexts texts = new KernelTexts();
    private final Map<String, CudaModule> modules = new HashMap<>();

    public KernelModules(CudaContext context) {
        this.context = context;
    }

    /**
     * A launch site for a kernel; make one for each place in the program that launches it.
     *
     * @throws CudaException if there is no such kernel, or the driver's compiler refuses its text
     */
    public KernelSite kernel(String kernel) {
        return load(texts.textOf(kernel)).kernel(kernel);
    }

    /**
     * A text's module, compiled unless it is there.
     *
     * @throws CudaException if the driver's compiler refuses the text
     */
    public CudaModule load(String text) {
        context.dispatcher().requireCurrent();
        return modules.computeIfAbsent(text, name -> {
            long start = System.nanoTime();
            CudaModule module = new CudaModule(context, name + ".ptx", KernelTexts.read(name));
            LOG.log(Level.DEBUG, () -> {
                double seconds = (System.nanoTime() - start) * 1e-9;
                return String.format(Locale.ROOT, "compiled %s.ptx for %s in %.3f s", name, context.device(), seconds);
            });
            return module;
        });
    }

    /** Compiles all of them. */
    public void loadAll() {
        texts.names().forEach(this::load);
    }

    /** Unloads all; no launch may be under way. */
    @Override
    public void close() {
        modules.values().forEach(CudaModule::close);
    }
}
