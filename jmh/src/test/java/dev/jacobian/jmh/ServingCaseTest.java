// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ServingCaseTest {
    private static final ServingCase CASE = ServingCase.parse("1M 16x2 bf16");

    @Test
    void everyCallHasTheSameLengthsAndOtherTokens() {
        List<ServingCase.Request> first = CASE.requests(0);
        List<ServingCase.Request> second = CASE.requests(1);
        assertThat(first).hasSize(32);
        for (int r = 0; r < first.size(); r++) {
            assertThat(second.get(r).prompt()).hasSameSizeAs(first.get(r).prompt());
            assertThat(second.get(r).prompt()).isNotEqualTo(first.get(r).prompt());
            assertThat(second.get(r).newTokens()).isEqualTo(first.get(r).newTokens());
            assertThat(first.get(r).prompt().length + first.get(r).newTokens())
                    .isLessThanOrEqualTo(ServingCase.longest());
        }
        assertThat(first.stream().map(r -> r.prompt().length).distinct()).hasSizeGreaterThan(3);
        assertThat(first.stream().map(ServingCase.Request::newTokens).distinct())
                .hasSizeGreaterThan(3);
        assertThat(CASE.tokenCount())
                .isEqualTo(
                        first.stream().mapToInt(ServingCase.Request::newTokens).sum());
    }

    @Test
    void clientsAskForAllAndNoticeWhatIsMissing() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Clients.run(CASE, 0, request -> {
            asked.incrementAndGet();
            return request.newTokens();
        });
        assertThat(asked).hasValue(CASE.count());
        assertThatThrownBy(() -> Clients.run(CASE, 0, request -> request.newTokens() - 1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("instead of");
    }
}
