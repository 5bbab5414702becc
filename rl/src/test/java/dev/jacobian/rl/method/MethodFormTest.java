// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.offline.OfflineMethods;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A method is read on one screen: its settings, its checks, its formula in code. */
class MethodFormTest {
    /** Lines of a screen. They are counted from the declaration of the type to the end of its file: package, imports and header are not. */
    private static final int SCREEN = 60;

    private static final Path SOURCES = Path.of(System.getProperty("basedir", ""), "src/main/java")
            .toAbsolutePath()
            .normalize();

    static Stream<Class<?>> methods() {
        return Stream.<Object>concat(Methods.all().stream(), OfflineMethods.all().stream())
                .map(Object::getClass);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void fitsOnAScreen(Class<?> method) throws IOException {
        List<String> lines = Files.readAllLines(SOURCES.resolve(method.getName().replace('.', '/') + ".java"));
        List<String> body = lines.stream()
                .dropWhile(line -> !line.startsWith("public record " + method.getSimpleName() + "("))
                .toList();
        assertThat(body)
                .as("lines of %s; move what is not the method to where its name says", method.getSimpleName())
                .isNotEmpty()
                .hasSizeLessThanOrEqualTo(SCREEN);
    }

    @Test
    @DisplayName("adding a method touches its file and the list: no other code names one, but for the default of a run,"
            + " presets, and what is about a method: recipes and claims of papers")
    void isKnownToTheListAlone() throws IOException {
        List<Path> sources;
        try (Stream<Path> files =
                Stream.concat(Files.walk(SOURCES), Files.walk(SOURCES.resolve("../../../../cli/src/main/java")))) {
            sources = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.toString().matches(".*[/\\\\]rl[/\\\\](recipe|reproduction)[/\\\\].*"))
                    .toList();
        }
        List<String> strangers = new ArrayList<>();
        for (Path source : sources) {
            String name = source.getFileName().toString().replace(".java", "");
            String code = Files.readString(source).replaceAll("(?s)/\\*.*?\\*/|//[^\n]*", "");
            for (Method method : Methods.all()) {
                String type = method.getClass().getSimpleName();
                boolean sees = code.contains("package dev.jacobian.rl.method;")
                        || code.contains("import " + method.getClass().getName() + ";");
                boolean names = Pattern.compile("(?<![\\w.])" + type + "\\.DEFAULT\\b|instanceof " + type + "\\b")
                        .matcher(code)
                        .find();
                if (sees && names && !name.equals(type) && !name.equals("Methods")) {
                    strangers.add(name + " knows " + type);
                }
            }
        }
        assertThat(strangers).containsExactly("RlConfig knows Grpo");
    }

    @Test
    @DisplayName("a copy of a method has any of its settings changed by name, and no other")
    void with() {
        assertThat(Grpo.DEFAULT.with("epsilon_high", 0.28).with("loss_type", "dr_grpo"))
                .isInstanceOfSatisfying(Grpo.class, grpo -> {
                    assertThat(grpo.ratio().clip().high()).isEqualTo(0.28);
                    assertThat(grpo.lossType()).isEqualTo(GrpoLoss.DR_GRPO);
                });
        assertThatThrownBy(() -> Omd.DEFAULT.with("tua", 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'tua' is unknown");
        assertThatThrownBy(() -> Omd.DEFAULT.with("tau", -1.0)).hasMessageContaining("tau must be positive, got -1");
    }
}
