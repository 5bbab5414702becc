// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which calls of rewards failed or timed out, a line each, so that a step that is computed again leaves out the same samples
 * ({@link RewardRun}). Lines of steps behind the last checkpoint stay when a run is resumed: they say what the repetition must do.
 */
final class RewardJournal implements AutoCloseable {
    private static final String TIMED_OUT = "timed_out";
    private static final String FAILED = "failed";

    private final Map<Place, Score> known = new HashMap<>();
    private final Path file;
    private Optional<JsonlWriter> writer = Optional.empty(); // opened when there is something to write
    private boolean dirty;

    /**
     * A call of a reward.
     *
     * @param step the training step
     * @param round which rollout of the step
     * @param reward the reward's name
     * @param sample which of the rollout's samples, in order
     * @param problem the problem's id, so that a journal of something else is not believed
     */
    record Place(int step, int round, String reward, int sample, String problem) {}

    private RewardJournal(Path file) {
        this.file = file;
    }

    /** @param goesOn whether what is in the file counts; otherwise the file goes */
    static RewardJournal open(Path file, boolean goesOn) {
        RewardJournal journal = new RewardJournal(file);
        try {
            if (!goesOn) {
                Files.deleteIfExists(file);
            } else if (Files.exists(file)) {
                journal.writer = Optional.of(JsonlWriter.resume(file, line -> {
                    journal.known.put(place(line), score(line));
                    return true;
                }));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot begin " + file + " anew: " + e.getMessage(), e);
        }
        return journal;
    }

    private static Place place(JsonNode line) {
        return new Place(
                line.path("step").asInt(),
                line.path("round").asInt(),
                line.path("reward").asText(),
                line.path("sample").asInt(),
                line.path("problem").asText());
    }

    private static Score score(JsonNode line) {
        String message = line.path("message").asText();
        return line.path("status").asText().equals(TIMED_OUT) ? new Score.TimedOut(message) : Score.failure(message);
    }

    /** The failure of a call, if it is known. */
    Optional<Score> find(Place place) {
        return Optional.ofNullable(known.get(place));
    }

    /** Writes a failure down; it is safe once {@link #flush} has returned. */
    void add(Place place, Score score) {
        known.put(place, score);
        ObjectNode line = Json.object();
        line.put("step", place.step());
        line.put("round", place.round());
        line.put("reward", place.reward());
        line.put("sample", place.sample());
        line.put("problem", place.problem());
        line.put("status", score instanceof Score.TimedOut ? TIMED_OUT : FAILED);
        line.put("message", score.trouble().orElse(""));
        if (writer.isEmpty()) {
            writer = Optional.of(JsonlWriter.resume(file));
        }
        writer.get().write(line);
        dirty = true;
    }

    /** How many samples of the steps up to one had a failure. */
    int samplesUntil(int step) {
        return (int) known.keySet().stream()
                .filter(place -> place.step() <= step)
                .map(place -> List.of(place.step(), place.round(), place.sample()))
                .distinct()
                .count();
    }

    /** What was written survives a power cut. */
    void flush() {
        if (dirty) {
            writer.ifPresent(JsonlWriter::flush);
            dirty = false;
        }
    }

    @Override
    public void close() {
        writer.ifPresent(JsonlWriter::close);
    }
}
