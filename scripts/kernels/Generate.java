// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes the innermost loops of the CPU's kernels that differ in numbers only: how many rows and vectors a tile has, by how many
 * bits a word is shifted. Their accumulators must be named locals, so no loop of Java's can stand for the repetition, and what
 * repeats itself by hand goes wrong by hand.
 *
 * <p>What it writes is committed, in the house format, and a test of the tensor module compares. After a change here:
 *
 * <pre>java scripts/kernels/Generate.java tensor/src/main/java/dev/jacobian/tensor/cpu</pre>
 */
final class Generate {
    private Generate() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            System.err.println("usage: java scripts/kernels/Generate.java FOLDER");
            System.exit(2);
        }
        for (Map.Entry<String, String> file : files().entrySet()) {
            Files.writeString(Path.of(arguments[0], file.getKey()), file.getValue());
        }
    }

    /** The files and their texts. */
    private static Map<String, String> files() {
        Map<String, String> files = new TreeMap<>();
        files.put("MatMulTiles.java", MatMulTiles.byRows());
        files.put("MatMulColumnTiles.java", MatMulTiles.byColumns());
        files.put("Q4KKernels.java", SuperKernels.q4());
        files.put("Q6KKernels.java", SuperKernels.q6());
        files.put("Q4Kernels.java", NarrowKernels.q4());
        files.put("Q8Kernels.java", NarrowKernels.q8());
        files.put("NarrowTiles.java", NarrowTiles.text());
        files.put("AttentionTiles.java", AttentionTiles.text());
        return files;
    }
}
