// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonlWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Which calls of rewards failed or timed out, a line each, so that a step that is computed again leaves out the same samples
 * ({@link RewardRun}); and what rewards said that would not say the same again ({@link Reward#repeatable}), so that it learns from the same scores. Lines of steps behind the last checkpoint stay when a run is resumed: they say what the repetition must do.
 */
final class RewardJournal implements AutoCloseable {
    private static final String TIMED_OUT = "timed_out";
    private static final String FAILED = "failed";
    private static final String SCORED = "scored";

    private final Map<Place, Score> known = new HashMap<>();
    private final Set<Sample> samples = new HashSet<>(); // those of the known
    private final Path file;
    private boolean closed;
    private Optional<JsonlWriter> writer = Optional.empty(); // opened when there is something to write
    private boolean dirty;

    /**
     * A call of a reward.
     *
     * @param step the training step
     * @param round which rollout of the step
     * @param reward the reward's name; empty for a sample that goes without a reward though no call failed
     * @param sample which of the rollout's samples, in order
     * @param problem the problem's id, so that a journal of something else is not believed
     */
    record Place(int step, int round, String reward, int sample, String problem) {}

    /** A sample of a rollout, whatever failed on it. */
    private record Sample(int step, int round, int sample) {}

    private RewardJournal(Path file) {
        this.file = file;
    }

    /** @param stepsDone of the run that goes on with what is in the file; where none does, the file goes */
    static RewardJournal open(Path file, OptionalInt stepsDone) {
        return open(file, stepsDone, true);
    }

    /** @param sameSamples whether what is said of steps behind those done is about the samples that they will have; otherwise it goes */
    static RewardJournal open(Path file, OptionalInt stepsDone, boolean sameSamples) {
        RewardJournal journal = new RewardJournal(file);
        try {
            if (stepsDone.isEmpty()) {
                Files.deleteIfExists(file);
            } else if (Files.exists(file)) {
                journal.writer = Optional.of(JsonlWriter.resume(file, (json, number) -> {
                    Line line = new Line(json, file + ", line " + number);
                    Score score = line.score();
                    if (!sameSamples && line.place().step() > stepsDone.getAsInt()) {
                        return false;
                    }
                    if (score.trouble().isPresent()) {
                        journal.know(line.place(), score);
                    } else if (line.place().step() > stepsDone.getAsInt()) { // nobody asks for the others again
                        journal.known.put(line.place(), score);
                    }
                    return true;
                }));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot begin " + file + " anew: " + e.getMessage(), e);
        }
        return journal;
    }

    /** A line that was read: one that nobody wrote here is an error, for to guess what it means would change what the run learns from. */
    private record Line(JsonNode json, String where) {
        Place place() {
            return new Place(
                    number("step", 1), number("round", 0), text("reward"), number("sample", 0), text("problem"));
        }

        Score score() {
            return switch (text("status")) {
                case TIMED_OUT -> new Score.TimedOut(text("message"));
                case FAILED -> Score.failure(text("message"));
                case SCORED -> Score.of(value());
                default -> throw wrong("status");
            };
        }

        private int number(String field, int least) {
            JsonNode value = json.path(field);
            if (!value.isInt() || value.intValue() < least) {
                throw wrong(field);
            }
            return value.intValue();
        }

        private double value() {
            JsonNode value = json.path("score");
            if (!value.isNumber()) {
                throw wrong("score");
            }
            return value.doubleValue();
        }

        private String text(String field) {
            JsonNode value = json.path(field);
            if (!value.isTextual()) {
                throw wrong(field);
            }
            return value.textValue();
        }

        private FormatException wrong(String field) {
            return new FormatException(
                    where,
                    "'" + field + "' of " + Json.excerpt(json) + " is missing or no such value",
                    "Restore the file; a run that goes on without it may learn from samples that it left out before");
        }
    }

    /** What a call came to, if it is known. */
    Optional<Score> find(Place place) {
        return Optional.ofNullable(known.get(place));
    }

    private void know(Place place, Score score) {
        known.put(place, score);
        samples.add(new Sample(place.step(), place.round(), place.sample()));
    }

    /** Whether something failed on a sample. */
    boolean hasSample(int step, int round, int sample) {
        return samples.contains(new Sample(step, round, sample));
    }

    /** Writes a failure down; it is safe once {@link #flush} has returned. */
    void add(Place place, Score score) {
        know(place, score);
        write(place, line -> {
            line.put("status", score instanceof Score.TimedOut ? TIMED_OUT : FAILED);
            line.put("message", score.trouble().orElse(""));
        });
    }

    /** Writes a score down, likewise. */
    void addScore(Place place, double score) {
        write(place, line -> {
            line.put("status", SCORED);
            line.put("score", score);
        });
    }

    private void write(Place place, Consumer<ObjectNode> result) {
        if (closed) {
            return; // the run is over, and its folder may be somebody else's; what a late reward says is asked again
        }
        ObjectNode line = Json.object();
        line.put("step", place.step());
        line.put("round", place.round());
        line.put("reward", place.reward());
        line.put("sample", place.sample());
        line.put("problem", place.problem());
        result.accept(line);
        if (writer.isEmpty()) {
            writer = Optional.of(JsonlWriter.resume(file));
        }
        writer.get().write(line);
        dirty = true;
    }

    /** How many samples of the steps up to one had a failure. */
    int samplesUntil(int step) {
        return (int) samples.stream().filter(sample -> sample.step() <= step).count();
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
        closed = true;
        writer.ifPresent(JsonlWriter::close);
    }
}
