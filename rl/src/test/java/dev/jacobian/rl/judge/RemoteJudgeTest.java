// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.Reward;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A judge behind an address, against a server that does whatever servers do. */
@Timeout(60)
class RemoteJudgeTest {
    private static final String KEY = "sk-secret-4711";

    private final List<JsonNode> requests = Collections.synchronizedList(new ArrayList<>());
    private final List<String> heads = Collections.synchronizedList(new ArrayList<>());
    private final Deque<Behaviour> behaviours = new ConcurrentLinkedDeque<>();
    private ServerSocket server;

    @TempDir
    Path work;

    /** What the server does with a request. */
    private interface Behaviour {
        void handle(OutputStream out) throws IOException, InterruptedException;
    }

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> serve(socket));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            StringBuilder head = new StringBuilder();
            while (!head.toString().endsWith("\r\n\r\n")) {
                head.append((char) in.read());
            }
            Matcher length = Pattern.compile("(?i)content-length: ([0-9]+)").matcher(head);
            assertThat(length.find()).isTrue();
            requests.add(Json.parse(in.readNBytes(Integer.parseInt(length.group(1))), "a request"));
            heads.add(head.toString());
            Behaviour next = behaviours.size() > 1 ? behaviours.removeFirst() : behaviours.getFirst();
            next.handle(socket.getOutputStream());
        } catch (IOException | InterruptedException gone) {
            // the client has given up, which the test looks at from its side
        }
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private static Behaviour says(String content) {
        ObjectNode answer = Json.object();
        answer.putArray("choices").addObject().putObject("message").put("content", content);
        return sends(200, "", Json.compact(answer));
    }

    private static Behaviour sends(int status, String body) {
        return sends(status, "", body);
    }

    private static Behaviour sends(int status, String header, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return out -> {
            write(out, head(status, header, bytes.length));
            out.write(bytes);
        };
    }

    private static String head(int status, String header, int length) {
        return "HTTP/1.1 " + status + " x\r\nConnection: close\r\n" + header + "Content-Length: " + length + "\r\n\r\n";
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private RemoteJudgeConfig config(int retries, double timeout, String cache) {
        return new RemoteJudgeConfig(
                "http://localhost:" + server.getLocalPort() + "/v1",
                "judge-1",
                "answer",
                "",
                "OPENAI_API_KEY",
                64,
                0,
                timeout,
                retries,
                0.01,
                cache);
    }

    private RemoteJudge judge(int retries, double timeout) {
        return new RemoteJudge(config(retries, timeout, ""), Map.of("OPENAI_API_KEY", KEY));
    }

    private static Completion completion(String text) {
        return new Completion("p", "1+1?", Columns.of("answer", "2"), text, new int[0], FinishReason.STOP);
    }

    private static String failure(Explanation explanation) {
        assertThat(explanation.score()).isInstanceOf(Score.Failure.class);
        String why = explanation.score().trouble().orElseThrow();
        assertThat(why).doesNotContain(KEY);
        return why;
    }

    @Test
    @DisplayName("it asks with question, reference and response, and the last verdict counts")
    void verdicts() {
        behaviours.add(says("At first {\"correct\": false}, no: {\"correct\": true}"));
        behaviours.add(says("No. {\"correct\":false}"));
        RemoteJudge judge = judge(0, 10);
        Explanation right = judge.explain(completion("It is 2"));
        assertThat(right.score()).isEqualTo(Score.of(1));
        assertThat(right.verdict()).hasValue("correct");
        assertThat(judge.score(completion("It is 3"))).isEqualTo(Score.of(0));
        assertThat(requests.getFirst().get("model").textValue()).isEqualTo("judge-1");
        assertThat(requests.getFirst().get("messages").get(0).get("content").textValue())
                .contains("1+1?", "Reference answer:\n2", "Response:\nIt is 2");
        assertThat(heads)
                .allSatisfy(head -> assertThat(head)
                        .startsWith("POST /v1/chat/completions ")
                        .contains("Authorization: Bearer " + KEY));
    }

    @Test
    @DisplayName("nonsense is a failure and never a zero")
    void nonsense() {
        behaviours.add(says("I would rather talk about the weather"));
        assertThat(failure(judge(2, 10).explain(completion("2"))))
                .contains("the judge gave no verdict", "rather talk about the weather");
        assertThat(requests).hasSize(1);
        behaviours.clear();
        behaviours.add(sends(200, "<html>" + KEY + "</html>"));
        assertThat(failure(judge(2, 10).explain(completion("2")))).contains("it sent no chat completion: <html>***");
    }

    @Test
    @DisplayName("429, 500 and a connection that ends early are tried again")
    void passingErrors() {
        behaviours.add(sends(429, "Retry-After: 0\r\n", "slow down"));
        behaviours.add(sends(500, "oops"));
        behaviours.add(out -> write(out, head(200, "", 1000) + "{\"choices\""));
        behaviours.add(out -> write(out, "HTT"));
        behaviours.add(says("{\"correct\": true}"));
        assertThat(judge(4, 10).score(completion("2"))).isEqualTo(Score.of(1));
        assertThat(requests).hasSize(5);
    }

    @Test
    @DisplayName("tries end, and what will not pass is not tried again")
    void lastingErrors() {
        behaviours.add(sends(503, "down for maintenance, " + KEY));
        assertThat(failure(judge(2, 10).explain(completion("2"))))
                .contains("status 503: down for maintenance, ***, and 2 more tries did not help");
        assertThat(requests).hasSize(3);
        behaviours.clear();
        behaviours.add(sends(401, "no such key"));
        assertThat(failure(judge(2, 10).explain(completion("2")))).contains("status 401: no such key");
        assertThat(requests).hasSize(4);
        behaviours.clear();
        behaviours.add(sends(302, "Location: http://localhost:1/\r\n", ""));
        assertThat(failure(judge(2, 10).explain(completion("2")))).contains("status 302");
    }

    @Test
    @DisplayName("a server that hangs, before its headers or behind them, is given up")
    void hangs() {
        behaviours.add(out -> Thread.sleep(3000));
        behaviours.add(out -> {
            write(out, head(200, "", 100) + "{");
            Thread.sleep(3000);
        });
        RemoteJudge judge = judge(1, 0.3);
        assertThat(failure(judge.explain(completion("2"))))
                .isEqualTo(config(0, 1, "").url() + ": no answer within 0.3 s (request_timeout), and 1 more try did not"
                        + " help");
        assertThat(requests).hasSize(2);
    }

    @Test
    @DisplayName("nobody there is a failure that says so")
    void nobody() throws IOException {
        RemoteJudge judge = judge(1, 5);
        server.close();
        assertThat(failure(judge.explain(completion("2"))))
                .isEqualTo(config(0, 1, "").url() + ": nobody takes connections at localhost:" + server.getLocalPort()
                        + ", and 1 more try did not help; start the server there, or correct url")
                .doesNotContain("Exception");
    }

    @Test
    @DisplayName("verdicts are kept, failures are not, and the file has neither texts nor the key")
    void cache() throws IOException {
        Path file = work.resolve("verdicts.jsonl");
        RemoteJudgeConfig config = config(0, 10, file.toString());
        behaviours.add(sends(400, "bad"));
        behaviours.add(says("{\"correct\": true}"));
        RemoteJudge judge = new RemoteJudge(config, Map.of("OPENAI_API_KEY", KEY));
        failure(judge.explain(completion("2")));
        assertThat(judge.score(completion("2"))).isEqualTo(Score.of(1));
        assertThat(judge.score(completion("2"))).isEqualTo(Score.of(1));
        assertThat(requests).hasSize(2);
        assertThat(new RemoteJudge(config, Map.of()).score(completion("2"))).isEqualTo(Score.of(1));
        assertThat(requests).hasSize(2);
        assertThat(new RemoteJudge(config, Map.of()).score(completion("two"))).isEqualTo(Score.of(1));
        assertThat(requests).hasSize(3);
        assertThat(Files.readString(file)).doesNotContain(KEY, "1+1");
        Files.writeString(file, "{\"prompt\": 1}\n{\"prompt\": 2}\n");
        assertThatThrownBy(() -> new RemoteJudge(config, Map.of()))
                .hasMessageContaining("line 1")
                .hasMessageContaining("This is no file of verdicts");
    }

    @Test
    @DisplayName("a file of somebody else is refused and left as it is, to its last byte")
    void otherFiles() throws IOException {
        for (String text : List.of("notes without a line end", "{\"prompt\": \"a\"}", "{\"requests\":1}\nx", "\n")) {
            Path file = Files.writeString(work.resolve("notes.txt"), text);
            assertThatThrownBy(() -> new RemoteJudge(config(0, 10, file.toString()), Map.of()))
                    .hasMessageContaining("notes.txt, line 1")
                    .hasMessageContaining("This is no file of verdicts");
            assertThat(Files.readString(file)).isEqualTo(text);
        }
        Path cut = Files.writeString(
                work.resolve("cut.jsonl"), "{\"request\":\"a\",\"correct\":true}\n{\"request\":\"b\",\"co");
        new RemoteJudge(config(0, 10, cut.toString()), Map.of());
        assertThat(Files.readString(cut))
                .as("a line that a killed run left")
                .isEqualTo("{\"request\":\"a\",\"correct\":true}\n");
    }

    @Test
    @DisplayName("judges that share a file lose none of its lines")
    void sharedFile() throws IOException {
        Path file = work.resolve("shared.jsonl");
        behaviours.add(says("{\"correct\": true}"));
        RemoteJudge one = new RemoteJudge(config(0, 10, file.toString()), Map.of());
        RemoteJudge other = new RemoteJudge(config(0, 10, file.toString()), Map.of());
        one.score(completion("1"));
        other.score(completion("2"));
        one.score(completion("3"));
        assertThat(Files.readAllLines(file))
                .hasSize(3)
                .allSatisfy(
                        line -> assertThat(line).startsWith("{\"request\":\"").endsWith(",\"correct\":true}"));
    }

    @Test
    @DisplayName("what will not pass says what helps")
    void advice() {
        assertAdvice(sends(401, "no"), "status 401: no; correct the key in OPENAI_API_KEY");
        assertAdvice(sends(404, "no"), "url is the address before /chat/completions, and model a name");
        assertAdvice(sends(302, "Location: https://other/\r\n", ""), "it sends one on to https://other/, where no key");
        assertAdvice(sends(200, "<html>"), "url is the address before /chat/completions, such as http://HOST:PORT/v1");
        assertAdvice(
                sends(200, "{\"choices\": [{\"message\": {\"content\": \"Hm\"}, \"finish_reason\": \"length\"}]}"),
                "before its 64 tokens (max_tokens) ended; it said: Hm");
        assertAdvice(sends(200, "x".repeat(5 << 20)), "its answer is longer than 4 MiB");
        assertThat(failure(new RemoteJudge(config(2, 10, ""), Map.of()).explain(completion("2"))))
                .as("without a key")
                .contains("longer than 4 MiB");
        behaviours.clear();
        behaviours.add(sends(403, ""));
        assertThat(failure(new RemoteJudge(config(2, 10, ""), Map.of()).explain(completion("2"))))
                .contains("it wants a key, and OPENAI_API_KEY (api_key_env) is not set");
        assertThat(requests).as("none of these was asked again").hasSize(8);
    }

    private void assertAdvice(Behaviour behaviour, String advice) {
        behaviours.clear();
        behaviours.add(behaviour);
        assertThat(failure(judge(2, 10).explain(completion("2")))).contains(advice);
    }

    @Test
    @DisplayName("a call that is past its deadline says whom it waited for, and why")
    void late() {
        behaviours.add(sends(503, "busy"));
        RemoteJudge judge = new RemoteJudge(
                new RemoteJudgeConfig(
                        config(0, 10, "").url(), "m", "answer", "", "OPENAI_API_KEY", 8, 0, 10, 50, 0.1, ""),
                Map.of());
        RewardRun run = new RewardRun(ConfigTree.with(RewardCallConfig.DEFAULT, "reward_timeout", 0.5));
        Score score = WeightedRewards.of((Reward) RewardFunction.named("mine", judge))
                .score(List.of(List.of(completion("2"))), run)
                .getFirst()
                .getFirst()
                .total();
        assertThat(score.trouble().orElseThrow())
                .contains("took longer than 0.5 s (reward_timeout); it waited for "
                        + config(0, 1, "").url() + ", which was asked again: status 503: busy");
    }

    @Test
    void badSettings() {
        RemoteJudgeConfig nowhere = RemoteJudgeConfig.DEFAULT;
        assertThatThrownBy(() -> new RemoteJudge(nowhere)).hasMessageContaining("url=http://HOST:PORT/v1");
        assertThatThrownBy(() -> new RemoteJudge(with("ftp://x", "m", "OPENAI_API_KEY")))
                .hasMessageContaining("url must begin with http:// or https://");
        assertThatThrownBy(() -> new RemoteJudge(with("http://a b/v1", "m", "OPENAI_API_KEY")))
                .hasMessage("url is no address: Illegal character in authority in 'http://a b/v1'");
        assertThatThrownBy(() -> new RemoteJudge(with("http://x", "", "OPENAI_API_KEY")))
                .hasMessageContaining("model=NAME");
        assertThatThrownBy(() -> new RemoteJudge(with("http://x", "m", "NO_SUCH_VARIABLE_4711")))
                .hasMessageContaining("no such environment variable is set");
    }

    private static RemoteJudgeConfig with(String url, String model, String variable) {
        return new RemoteJudgeConfig(url, model, "answer", "", variable, 1, 0, 1, 0, 0, "");
    }
}
