// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import dev.jacobian.tensor.cuda.driver.CudaException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * The PTX texts that the library carries, one for each source in {@code tensor/src/main/cuda}, and which has which kernel.
 *
 * <p>The texts are compressed: they would be most of the lines of the sources otherwise, and searches would end in them.
 *
 * <p>An index says which has which, written with the texts by {@code scripts/make-ptx.sh}: to look for a name in all texts would take as
 * long as to read them, and resources of a module cannot be listed.
 */
public final class KernelTexts {
    private static final String REMEDY = "; build the program again, after scripts/make-ptx.sh if its kernels changed";

    private final Map<String, String> textOfKernel;

    /** The library's own. */
    public KernelTexts() {
        this(index());
    }

    /**
     * Of an index.
     *
     * @param index lines of a kernel's name and its text's, with a space between
     */
    public KernelTexts(String index) {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String line : index.lines().toList()) {
            String[] words = line.split(" ");
            if (words.length != 2) {
                throw new CudaException("the index of the kernels has the line '" + line + "'" + REMEDY);
            }
            String other = texts.put(words[0], words[1]);
            if (other != null) {
                throw new CudaException("the kernel " + words[0] + " is in " + other + ".ptx and in " + words[1]
                        + ".ptx; rename one of them");
            }
        }
        textOfKernel = Collections.unmodifiableMap(texts);
    }

    /** Each kernel and the name of its text, such as {@code adamw_f32} and {@code adamw}. */
    Map<String, String> textOfKernel() {
        return textOfKernel;
    }

    /**
     * The name of the text that has a kernel.
     *
     * @throws CudaException if none has it
     */
    String textOf(String kernel) {
        String text = textOfKernel.get(kernel);
        if (text == null) {
            throw new CudaException("there is no kernel " + kernel + REMEDY);
        }
        return text;
    }

    /** The names of all texts, sorted. */
    public List<String> names() {
        return textOfKernel.values().stream().distinct().sorted().toList();
    }

    /** A text. */
    public static String read(String name) {
        try (InputStream in = new GZIPInputStream(resource(name + ".ptx.gz"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException("kernels/" + name + ".ptx.gz cannot be read" + REMEDY, unreadable);
        }
    }

    private static String index() {
        try (InputStream in = resource("index.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static InputStream resource(String file) {
        InputStream in = KernelTexts.class.getResourceAsStream(file);
        if (in == null) {
            throw new CudaException("the program has no kernels/" + file + REMEDY);
        }
        return in;
    }
}
