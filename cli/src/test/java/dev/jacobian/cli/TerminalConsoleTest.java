// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.Conversation;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.EngineMetrics;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.IntFunction;
import org.jline.terminal.Size;
import org.jline.terminal.impl.LineDisciplineTerminal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code chat} at a terminal that a test types at: JLine's own, with a line discipline, so that Ctrl-C is a signal. */
@Timeout(120)
class TerminalConsoleTest {
    private static final String CTRL_C = "\003";
    private static final String CTRL_D = "\004";
    private static final String UP = "\033OA";
    private static final String ALT_ENTER = "\033\r";

    @TempDir
    Path folder;

    private final Screen screen = new Screen();
    private LineDisciplineTerminal terminal;
    private CausalLM model;
    private AsyncEngine engine;
    private Conversation conversation;
    private Thread session;

    /** Everything that the terminal was sent. */
    private static final class Screen extends OutputStream {
        private final StringBuilder text = new StringBuilder();

        @Override
        public synchronized void write(int b) {
            text.append((char) (b & 0xFF)); // ASCII is all that is looked for
            notifyAll();
        }

        synchronized String text() {
            return text.toString();
        }

        /** Waits for a text behind what was there at a mark. */
        synchronized void await(String wanted, int from) throws InterruptedException {
            while (text.indexOf(wanted, from) < 0) {
                wait();
            }
        }

        synchronized int mark() {
            return text.length();
        }
    }

    @BeforeEach
    void open() throws IOException {
        Path copy = TestPaths.copyModel("qwen3", folder);
        ObjectNode config = (ObjectNode) Json.read(copy.resolve("config.json"));
        Files.writeString(copy.resolve("config.json"), Json.pretty(config.put("max_position_embeddings", 1_000_000)));
        model = CausalLM.load(copy);
        engine = new AsyncEngine(model, EngineConfig.DEFAULT);
        conversation = new Conversation(
                model.tokenizer(), ChatTemplate.require(model.tokenizer().config(), "test"), Json.object());
        terminal = new LineDisciplineTerminal("test", "xterm", screen, StandardCharsets.UTF_8);
        terminal.setSize(Size.of(200, 50));
    }

    @AfterEach
    void close() throws Exception {
        engine.close(Duration.ZERO);
        terminal.close();
        session.join();
    }

    private void talk(IntFunction<GenerationConfig> config) {
        session = Thread.ofPlatform().start(() -> {
            try (ChatConsole console = new TerminalConsole(terminal)) {
                new ChatSession(model, engine, conversation, config, console).run();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    /** Every answer is this text. */
    private void talk(String answer) {
        int[] script = model.tokenizer().encode(answer + "<|im_end|>", false);
        LogitsProcessor processor = (history, logits) -> {
            int wanted = script[Math.min(history.newTokens(), script.length - 1)];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = i == wanted ? logits[i] : Float.NEGATIVE_INFINITY;
            }
        };
        talk(room -> GenerationConfig.builder()
                .maxNewTokens(Math.min(room, 100))
                .processor(processor)
                .build());
    }

    private void type(String text) throws IOException {
        terminal.processInputBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private String said(int message) {
        return conversation.messages().get(message).get("content").textValue();
    }

    @Test
    void talksAndLeaves() throws Exception {
        talk("Good day.");
        screen.await("> ", 0);
        type("Hellp\177o\r"); // a slip, taken back
        screen.await("Good day.", 0);
        int mark = screen.mark();
        screen.await("> ", mark - 5);
        type(UP + "!\r"); // the same again, with more
        screen.await("Good day.", mark);
        screen.await("> ", screen.text().lastIndexOf("Good day."));
        type(CTRL_D);
        session.join();
        assertThat(said(0)).isEqualTo("Hello");
        assertThat(said(1)).isEqualTo("Good day.");
        assertThat(said(2)).isEqualTo("Hello!");
    }

    @Test
    void aMessageCanHaveLines() throws Exception {
        talk("Yes.");
        screen.await("> ", 0);
        type("it's one\\\rtwo" + ALT_ENTER + "three!\r");
        screen.await("Yes.", 0);
        type("/exit\r");
        session.join();
        assertThat(said(0)).isEqualTo("it's one\ntwo\nthree!");
    }

    @Test
    void commandsAndTheirSlips() throws Exception {
        talk("Yes.");
        screen.await("> ", 0);
        type("/help\r");
        screen.await("another answer to the last message", 0);
        type("/fly\r");
        screen.await("there is no command /fly", 0);
        type("//fly\r");
        screen.await("Yes.", 0);
        type("/save " + folder + "\r");
        screen.await("exists; name another file", 0);
        type("/exit\r");
        session.join();
        assertThat(said(0)).isEqualTo("/fly");
    }

    @Test
    void anInterruptStopsTheAnswerAndNotTheConversation() throws Exception {
        talk(room ->
                GenerationConfig.builder().maxNewTokens(room).ignoreEos(true).build());
        screen.await("> ", 0);
        type("Hello\r");
        while (engine.metrics().running() < 1) {
            Thread.sleep(10);
        }
        int mark = screen.mark();
        type(CTRL_C);
        screen.await("stopped", 0);
        screen.await("> ", mark);
        assertThat(conversation.messages()).hasSize(2);
        type("dropped" + CTRL_C);
        type(CTRL_C);
        screen.await("ends the conversation", 0);
        type("/exit\r");
        session.join();
        assertThat(said(0)).isEqualTo("Hello");
    }

    @Test
    void controlCharactersDoNotReachTheTerminal() throws Exception {
        String bell = "a\007b\033]0;title\007c\u202Ed";
        talk(bell);
        screen.await("> ", 0);
        type("Hello\r");
        screen.await("a\\u0007b\\u001b]0;title\\u0007c\\u202ed", 0);
        type(CTRL_D);
        session.join();
        assertThat(said(1)).isEqualTo(bell); // the conversation has them
        assertThat(screen.text()).doesNotContain("]0;title\007");
    }

    @Test
    void earlierTurnsAreNotComputedAgain() throws Exception {
        talk("A long answer that need not be computed a second time.");
        screen.await("> ", 0);
        type("Hello\r");
        screen.await("second time.", 0);
        int mark = screen.mark();
        screen.await("> ", mark - 5);
        EngineMetrics before = engine.metrics();
        type("And\r");
        screen.await("second time.", mark);
        type(CTRL_D);
        session.join();
        int[] prompt = conversation.prompt();
        EngineMetrics after = engine.metrics();
        long computed = after.prefilledTokens() - before.prefilledTokens();
        assertThat(after.reusedTokens() - before.reusedTokens()).isGreaterThan(40); // whole pages of 16
        assertThat(computed).isLessThan(prompt.length / 2);
    }
}
