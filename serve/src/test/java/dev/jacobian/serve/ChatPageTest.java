// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The page, in a real browser. */
@Timeout(180)
class ChatPageTest {
    private static final String LAST = "[...document.querySelectorAll('.message.assistant .text')].at(-1)?.textContent";

    @TempDir(cleanup = CleanupMode.NEVER) // a browser that ends may still write there
    Path profile;

    private Browser browser;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(
                Browser.find().isPresent(),
                "skipped: no Chromium here (apt install chromium-headless-shell, or name one in JACOBIAN_CHROMIUM)");
        browser = Browser.start(Browser.find().get(), profile);
    }

    @AfterEach
    void close() throws Exception {
        if (browser != null) {
            browser.close();
        }
    }

    private void open(Served served) throws InterruptedException {
        browser.open("http://127.0.0.1:" + served.address().getPort() + "/");
        browser.await("document.getElementById('model')?.textContent === 'tiny'");
    }

    private void say(String text) throws InterruptedException {
        browser.evaluate("document.getElementById('input').focus()");
        browser.type(text);
        browser.enter();
    }

    @Test
    void aMessageIsAnsweredAndShownAsText() throws Exception {
        String said = "A <b>bold</b> <img src=x onerror=alert(1)> claim.";
        try (Served served = Served.with(Served.saying(said))) {
            open(served);
            browser.evaluate("window.violations = 0;"
                    + "document.addEventListener('securitypolicyviolation', () => window.violations++)");
            say("Hello");
            browser.await("document.body.dataset.state === 'idle' && " + LAST);
            assertThat(browser.evaluate(LAST).textValue()).isEqualTo(said);
            assertThat(browser.evaluate("document.querySelectorAll('#messages b, #messages img').length")
                            .intValue())
                    .isZero();
            assertThat(browser.evaluate("document.querySelector('.message.user .text').textContent")
                            .textValue())
                    .isEqualTo("Hello");
            assertThat(browser.evaluate("document.querySelectorAll('.message.error').length")
                            .intValue())
                    .isZero();
            assertThat(browser.evaluate("getComputedStyle(document.body).display")
                            .textValue())
                    .isEqualTo("flex"); // the policy lets the style in
            assertThat(browser.evaluate("window.violations").intValue()).isZero();

            say("Again");
            browser.await("document.querySelectorAll('.message.assistant').length === 2"
                    + " && document.body.dataset.state === 'idle'");
            assertThat(browser.evaluate("conversation.map(m => m.role).join()").textValue())
                    .isEqualTo("user,assistant,user,assistant");
        }
    }

    @Test
    void anAnswerIsSeenWhileItComesAndCanBeStopped(@TempDir Path folder) throws Exception {
        try (Served endless = Served.endless(folder)) {
            open(endless);
            browser.evaluate("window.realFetch = fetch; window.fetch = (url, options) => {"
                    + "if (options.body) options.body = options.body.replace(/}$/,"
                    + " ',\"ignore_eos\":true,\"max_tokens\":900000}'); return realFetch(url, options); }");
            say("Hello");
            browser.await("document.body.dataset.state === 'busy' && (" + LAST + " || '').length > 3");
            browser.evaluate("document.getElementById('stop').click()");
            browser.await("document.body.dataset.state === 'idle'");
            while (endless.server.metrics().finished() < 1) {
                Thread.sleep(20);
            }
        }
    }

    @Test
    void anErrorIsShown() throws Exception {
        try (Served served = Served.with(builder -> builder)) {
            open(served);
            say("x ".repeat(300));
            browser.await("document.querySelector('.message.error')");
            assertThat(browser.evaluate("document.querySelector('.message.error .text').textContent")
                            .textValue())
                    .contains("128 positions");
        }
    }
}
