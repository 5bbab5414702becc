// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.GenerationKey;
import dev.jacobian.transformer.generation.GenerationKeys;
import dev.jacobian.transformer.generation.GenerationSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What a model recommends for its generation: its generation_config.json, or a file in its place, beneath all other options. */
final class RecommendedOption {
    private static final String FILE = "generation_config.json";
    private static final Path NONE = Path.of("none");

    @Option(
            names = "--generation-config",
            paramLabel = "FILE",
            description = "Settings in place of the model's generation_config.json; none for no settings.")
    private Optional<Path> file = Optional.empty();

    /**
     * The recommendations; none if there is no file.
     *
     * @param folder of the model
     * @throws dev.jacobian.io.FormatException if the file is broken or has settings that are unknown or not supported
     */
    GenerationSettings settings(Path folder) {
        Path source = file.orElse(folder.resolve(FILE));
        boolean absent = file.map(NONE::equals).orElse(!Files.exists(source));
        GenerationSettings settings = new GenerationSettings();
        return absent ? settings : settings.recommended(Json.read(source), source.toString());
    }

    /** The settings that the generation_config.json of a model's folder has, by name, whatever they say; none if there is no file. */
    static List<String> named(Path folder) {
        Path source = folder.resolve(FILE);
        if (!Files.exists(source)) {
            return List.of();
        }
        JsonNode json = Json.read(source);
        return GenerationKeys.ALL.stream()
                .map(GenerationKey::name)
                .filter(name -> json.has(name) && !name.equals("eos_token_id")) // end tokens are the model's own
                .toList();
    }

    /** Says what of them counts. */
    void tell(GenerationSettings settings, Streams streams) {
        String all = settings.recommendations();
        if (!all.isEmpty()) {
            String name = file.map(Path::toString).orElse("the model's " + FILE);
            streams.note(name + " sets " + all + "; options win over it");
        }
    }
}
