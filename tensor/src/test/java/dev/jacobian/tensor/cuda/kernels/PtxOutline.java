// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a PTX text declares and computes, as far as it is the same whenever one nvcc compiles one source.
 *
 * <p>Between choices that it finds equally good, nvcc goes by the addresses of its own objects, which change from run to run.
 * Most of it shows in the numbers of registers and labels. But it also decides which register a loop's addresses are counted
 * from, and then there is an addition of integers more or less, other offsets, and one wide load where two were. So the texts
 * cannot be compared as they stand, nor after numbering the registers anew. What those choices leave alone:
 *
 * <ul>
 *   <li>outside of kernels, every line: the version, the device, shared memory;
 *   <li>of each kernel its name, parameters and launch bounds;
 *   <li>how often it has each instruction on floating-point numbers, on tensor cores and between threads, with its constants.
 * </ul>
 *
 * @param declarations the lines outside of kernels
 * @param kernels of each kernel's name its parameters and bounds
 * @param instructions of each kernel's name how often it has each of the instructions above, registers without their numbers
 */
record PtxOutline(String declarations, Map<String, String> kernels, Map<String, Map<String, Integer>> instructions) {

    private static final Pattern KERNEL =
            Pattern.compile("(?m)^\\.visible \\.entry (\\w+)((?s:.*?))^\\{$((?s:.*?))^\\}$");

    private static final Pattern INSTRUCTION =
            Pattern.compile("(?m)^\\s*(?:@!?%p\\d+\\s+)?([a-z][\\w.:]*)\\s+([^;]*);");

    /** What works on numbers, or between threads. Where numbers are moved to and from is the compiler's choice. */
    private static final Pattern COUNTED =
            Pattern.compile("(?!(?:ld|st|mov|ldu|prefetch)\\b)\\w+\\b.*\\.b?f\\d+(?:x2)?\\b.*"
                    + "|(?:mma|ldmatrix|shfl|vote|match|redux|activemask|bar|barrier|membar|fence|atom|red|cp)\\b.*");

    private static final Pattern REGISTER = Pattern.compile("%([a-z]+)\\d+\\b");

    private static final Pattern ADDRESS = Pattern.compile("\\[[^\\]]*\\]");

    /** The outline of a text that nvcc wrote. */
    static PtxOutline of(String ptx) {
        Map<String, String> kernels = new TreeMap<>();
        Map<String, Map<String, Integer>> instructions = new TreeMap<>();
        for (MatchResult kernel : KERNEL.matcher(ptx).results().toList()) {
            kernels.put(kernel.group(1), kernel.group(2).strip());
            instructions.put(kernel.group(1), instructions(kernel.group(3)));
        }
        String declarations = KERNEL.matcher(ptx)
                .replaceAll("")
                .lines()
                .filter(line -> !line.isBlank())
                .collect(Collectors.joining("\n"));
        return new PtxOutline(declarations, kernels, instructions);
    }

    private static Map<String, Integer> instructions(String body) {
        Map<String, Integer> counts = new TreeMap<>();
        Matcher instruction = INSTRUCTION.matcher(body);
        while (instruction.find()) {
            if (COUNTED.matcher(instruction.group(1)).matches()) {
                String operands = ADDRESS.matcher(instruction.group(2)).replaceAll("[]");
                counts.merge(
                        instruction.group(1) + " " + REGISTER.matcher(operands).replaceAll("%$1"), 1, Integer::sum);
            }
        }
        return counts;
    }
}
