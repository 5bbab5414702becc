// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * What both sides must have in common, so that a token's log-probability is one number wherever it was drawn.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The version of the product and of the protocol are compared as texts.
 *   <li>The width of vectors, the number of threads and the JDK are not compared: the kernels' results do not depend on them, which the
 *       conformance suite holds.
 *   <li>Instead of trusting that, both compute with the weights that were just sent ({@link #proof}): a worker whose logits differ in one bit
 *       is refused. That also finds another model, a damaged file and a broken processor.
 * </ul>
 */
final class Product {
    /** Of the messages. */
    static final int PROTOCOL = 1;

    private static final int PROOF_TOKENS = 4;
    private static final String DEVELOPMENT = "development build";

    private Product() {}

    /** The version that the build wrote into the module descriptor; on a class path, which has no modules, too. */
    static String version() {
        return Optional.ofNullable(Product.class.getModule().getDescriptor())
                .or(Product::onClassPath)
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse(DEVELOPMENT);
    }

    private static Optional<ModuleDescriptor> onClassPath() {
        CodeSource source = Product.class.getProtectionDomain().getCodeSource();
        if (source == null) {
            return Optional.empty();
        }
        try {
            return ModuleFinder.of(Path.of(source.getLocation().toURI()))
                    .find("dev.jacobian.cluster")
                    .map(ModuleReference::descriptor);
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException | FindException e) {
            return Optional.empty(); // put together in another way than as a folder or a jar
        }
    }

    /** What one says of oneself. */
    static ObjectNode self() {
        return Json.object().put("protocol", PROTOCOL).put("version", version());
    }

    /**
     * Compares what somebody says of itself.
     *
     * @param who says it
     * @throws Refusal if it is another
     */
    static void require(Message said, String who) {
        long protocol = said.number("protocol");
        String version = said.text("version");
        if (protocol != PROTOCOL || !version.equals(version())) {
            throw new Refusal(
                    Refusal.Kind.FOREIGN,
                    who + " is Jacobian " + version + " (protocol " + protocol + "), and this is " + version()
                            + " (protocol " + PROTOCOL + "); bits could differ. Use the same version on both sides");
        }
    }

    /** @throws IllegalArgumentException if the model is not on the CPU, whose bits are the same everywhere */
    static void requireCpu(CausalLM model) {
        if (!model.device().equals(Device.CPU)) {
            throw new IllegalArgumentException("workers sample on the CPU, and this run computes on " + model.device()
                    + ", whose bits are others; use --device cpu, or leave the workers out");
        }
    }

    /** The SHA-256 of the logits of a few tokens: the same for the same weights in the same arithmetic, and no others. */
    static String proof(CausalLM model) {
        int[] tokens = new int[Math.min(PROOF_TOKENS, model.config().maxPositions())];
        Arrays.setAll(tokens, i -> (i * 7 + 1) % model.config().vocabularySize());
        return Workspace.currentOrNew().compute(() -> {
            Tensor logits = model.logits(tokens); // [T, V]
            float[] values = logits.toFloatArray();
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
            for (float value : values) {
                bytes.putInt(Float.floatToRawIntBits(value));
            }
            return HexFormat.of().formatHex(sha256().digest(bytes.array()));
        });
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
