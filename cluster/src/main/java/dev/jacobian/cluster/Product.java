// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

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

    private Product() {}

    /** The version that the build wrote into the module descriptor. */
    static String version() {
        return Product.class.getModule().getDescriptor() == null
                ? "development build"
                : Product.class.getModule().getDescriptor().rawVersion().orElse("development build");
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
