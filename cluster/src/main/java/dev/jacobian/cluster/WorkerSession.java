// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import dev.jacobian.rl.weights.WeightAssembly;
import dev.jacobian.rl.weights.WeightDelta;
import dev.jacobian.rl.weights.WeightImage;
import dev.jacobian.rl.weights.WeightLayout;
import dev.jacobian.rl.weights.WeightManifest;
import dev.jacobian.rl.weights.WeightPiece;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.RequestListener;
import dev.jacobian.transformer.generation.Submission;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a worker does for one master: a model, the weights that it has, work, and results that wait.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Masters share nothing but the files: each has a model of its own, so none can change another's weights.
 *   <li>Weights become those of the model when all of their pieces are there and right, and only while nothing is sampled. So no sample is
 *       drawn with a mixture, and work names the weights that it means.
 *   <li>Work has the number of its wave. A higher one ends what is under way; the same items sent again are passed over.
 * </ul>
 */
final class WorkerSession {
    private final Kit kit;
    private final String master;
    private final Outbox outbox = new Outbox();
    private volatile long lastHeard = System.nanoTime();
    private volatile @Nullable CausalLM model; // null until the files are there
    private volatile String heldId = ""; // the manifest's of what the model has; empty for none
    private volatile String usedId = ""; // the same of what is sampled with; empty for nothing
    private @Nullable WeightImage held; // null until there are weights
    private @Nullable WeightAssembly assembly; // null unless weights are coming
    private @Nullable AsyncEngine engine; // null before the first use
    private final Map<Integer, Submission> running = new HashMap<>(); // by item, of the outbox's wave

    /** @param master what it calls itself, for messages */
    WorkerSession(Kit kit, String master) {
        this.kit = kit;
        this.master = master;
    }

    Kit kit() {
        return kit;
    }

    String master() {
        return master;
    }

    Outbox outbox() {
        return outbox;
    }

    void heard() {
        lastHeard = System.nanoTime();
    }

    Duration silence() {
        return Duration.ofNanos(System.nanoTime() - lastHeard);
    }

    boolean isLoaded() {
        return model != null;
    }

    /** The manifest's id of the weights that are there; empty for none. */
    String weights() {
        return heldId;
    }

    /** The same of those that work can be asked for; empty for none. */
    String used() {
        return usedId;
    }

    /** Loads the model; its first weights are those of the files. */
    synchronized void load(KitStore store) {
        if (model != null) {
            return;
        }
        Path folder = store.unpacked(kit);
        try {
            CausalLM loaded = kit.load(folder);
            WeightImage image = WeightImage.of(loaded);
            held = image;
            heldId = image.manifest().id().toString();
            model = loaded;
        } catch (RuntimeException e) {
            throw new Refusal(Refusal.Kind.FOREIGN, "cannot load the model: " + e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw new Refusal(Refusal.Kind.BUSY, "has too little memory for the model; give it more (-Xmx)", e);
        } finally {
            KitStore.remove(folder);
        }
    }

    private CausalLM model() {
        CausalLM loaded = model;
        if (loaded == null) {
            throw new Refusal(Refusal.Kind.UNKNOWN, "the model is not loaded yet");
        }
        return loaded;
    }

    /** Begins to receive weights, or goes on; the pieces that are missing. */
    synchronized int[] expect(byte[] manifest) {
        WeightLayout layout = WeightLayout.of(model());
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(manifest))) {
            WeightManifest wanted = WeightManifest.read(in, layout);
            if (assembly == null || !assembly.manifest().id().equals(wanted.id())) {
                assembly = new WeightAssembly(wanted, Optional.ofNullable(held));
            }
            return assembly.missing();
        } catch (IOException e) {
            throw new Refusal(Refusal.Kind.BROKEN, "a manifest of weights ends too soon", e);
        }
    }

    /** Takes pieces of the weights that are expected. */
    void accept(String manifest, byte[] bytes) {
        WeightAssembly coming = assembly(manifest);
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            List<WeightPiece> pieces =
                    WeightDelta.readPieces(in, coming.manifest().layout());
            pieces.parallelStream().forEach(coming::accept);
        } catch (IOException e) {
            throw new Refusal(Refusal.Kind.BROKEN, "pieces of weights end too soon", e);
        }
    }

    private synchronized WeightAssembly assembly(String manifest) {
        if (assembly == null || !assembly.manifest().id().toString().equals(manifest)) {
            throw new Refusal(Refusal.Kind.UNKNOWN, "these weights are not expected");
        }
        return assembly;
    }

    /** Samples with weights from now on, all of whose pieces are there; what the model computes with them ({@link Product#proof}). */
    synchronized String use(String manifest) {
        CausalLM policy = model();
        stop();
        if (!weights().equals(manifest)) {
            WeightImage image = assembly(manifest)
                    .image()
                    .orElseThrow(() -> new Refusal(Refusal.Kind.UNKNOWN, "pieces of the weights are missing"));
            heldId = ""; // while it is neither of both
            held = null;
            image.loadInto(policy);
            held = image;
            heldId = manifest;
        }
        assembly = null;
        engine = new AsyncEngine(
                policy,
                EngineConfig.DEFAULT
                        .withMaxSequences(Generator.DEFAULT_MAX_BATCH)
                        .withMaxPrefillTokens(Generator.PREFILL_TOKENS)
                        .withPrefixReuse(PrefixReuse.PROMPTS)
                        .withMaxWaiting(Integer.MAX_VALUE));
        String proof = Product.proof(policy);
        usedId = manifest;
        return proof;
    }

    /** Takes work on. */
    synchronized void work(long wave, String manifest, GenerationConfig config, List<WorkWire.Item> items) {
        AsyncEngine sampling = engine;
        if (sampling == null || !usedId.equals(manifest)) {
            throw new Refusal(Refusal.Kind.UNKNOWN, "the work is for weights that are not in use here");
        }
        if (wave < outbox.epoch()) {
            throw new Refusal(Refusal.Kind.BROKEN, "work of wave " + wave + " came behind that of a later one");
        }
        if (wave > outbox.epoch()) {
            running.values().forEach(Submission::cancel);
            running.clear();
            outbox.begin(wave);
        }
        for (WorkWire.Item item : items) {
            if (!running.containsKey(item.id())) {
                running.put(item.id(), submit(sampling, wave, item, config));
            }
        }
    }

    private Submission submit(AsyncEngine sampling, long wave, WorkWire.Item item, GenerationConfig config) {
        RequestListener listener = new RequestListener() {
            @Override
            public void onFinish(int sample, Generation generation) {
                if (generation.finishReason() != FinishReason.CANCELLED) {
                    outbox.done(wave, item.id(), sample, generation);
                }
            }
        };
        outbox.expect(item.samples());
        Submission submission;
        try {
            submission = sampling.submit(
                    new GenerationRequest(item.prefix(), item.samples(), config, item.pauseAfter(), listener));
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new Refusal(Refusal.Kind.BROKEN, "cannot sample: " + e.getMessage(), e);
        }
        var unused = submission.result().whenComplete((done, broken) -> {
            if (broken != null) {
                outbox.failed(wave, broken);
            }
        });
        return submission;
    }

    /** Ends what is under way. Nobody waits for the session here: the engine's thread only knows the outbox. */
    synchronized void stop() {
        running.values().forEach(Submission::cancel);
        running.clear();
        usedId = "";
        outbox.begin(-1);
        if (engine != null) {
            engine.close(Duration.ZERO);
            engine = null;
        }
    }
}
