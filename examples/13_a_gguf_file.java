// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.io;
import module dev.jacobian.transformer;

/**
 * 13: a GGUF file.
 *
 * <p>A folder is written as llama.cpp's kind of file, in blocks of 8-bit integers, and read back in two ways: as the numbers that the blocks stand
 * for, and as the blocks themselves. Both compute the same bits; the second takes a quarter of the memory.
 */
class AGgufFile {
    void main() throws IOException {
        Path file = Files.createDirectories(Path.of("out")).resolve("countdown.gguf");
        GgufExport.Result written = GgufExport.write(Path.of("models/countdown-0.6m"), file, GgufType.Q8_0);
        IO.println(written.tensors() + " tensors: " + Checkpoints.storedTypes(file));

        CausalLM numbers = CausalLM.load(file);
        CausalLM held = CausalLM.load(file, ModelOptions.DEFAULT.weights(WeightFormats.AS_STORED));
        int[] prompt = held.tokenizer().encode("3 7 15 = 36\n", false);
        float[] one = numbers.logits(prompt).toFloatArray();
        float[] other = held.logits(prompt).toFloatArray();
        IO.println("the same bits: " + Arrays.equals(one, other));

        DecoderConfig config = held.config();
        long all = MemoryPlanner.inference(config, WeightFormats.F32).plan().bytes();
        long blocks = MemoryPlanner.inference(config, held.weightFormats()).plan().bytes();
        IO.println("as stored it needs less: " + (blocks < all));

        numbers.save(Path.of("out/countdown")); // a folder again, tokenizer.json included
        IO.println("saved as a folder: " + Files.exists(Path.of("out/countdown/tokenizer.json")));
    }
}

/* Prints:
35 tensors: 13 F32, 22 Q8_0
the same bits: true
as stored it needs less: true
saved as a folder: true
*/
