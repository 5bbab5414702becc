// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import dev.jacobian.tensor.cuda.driver.CudaException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The kernels of a PTX text and the sizes of their parameters.
 *
 * <p>The driver takes a kernel's arguments as bare addresses and believes them. Knowing from the text how many there are and
 * how wide makes a wrong launch an exception instead of silently overwritten memory.
 */
final class PtxEntries {
    private static final Pattern COMMENT = Pattern.compile("//[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+([\\w$]+)\\s*(?:\\(([^)]*)\\))?", Pattern.DOTALL);
    private static final Pattern PARAMETER =
            Pattern.compile("\\.param\\s+(?:\\.align\\s+\\d+\\s+)?\\.[a-z]+(\\d+)[^\\[]*?(?:\\[(\\d+)\\])?\\s*$");

    private PtxEntries() {}

    /**
     * The bytes of each parameter of each kernel, in the order of the text.
     *
     * @throws CudaException if a parameter's declaration is not understood
     */
    static Map<String, List<Integer>> of(String ptx) {
        Map<String, List<Integer>> entries = new LinkedHashMap<>();
        Matcher entry = ENTRY.matcher(COMMENT.matcher(ptx).replaceAll(" "));
        while (entry.find()) {
            List<Integer> sizes = new ArrayList<>();
            String parameters = entry.group(2) == null ? "" : entry.group(2).strip();
            if (!parameters.isEmpty()) {
                for (String declaration : parameters.split(",")) {
                    sizes.add(size(entry.group(1), declaration.strip()));
                }
            }
            entries.put(entry.group(1), List.copyOf(sizes));
        }
        return entries;
    }

    private static int size(String kernel, String declaration) {
        Matcher matcher = PARAMETER.matcher(declaration);
        if (!matcher.find()) {
            throw new CudaException("kernel " + kernel + ": the parameter '" + declaration + "' is not understood");
        }
        int count = matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2));
        return Integer.parseInt(matcher.group(1)) / 8 * count;
    }
}
