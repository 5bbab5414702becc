// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A page of text, tables and charts. */
class FiguresPageTest {
    private static final String HOSTILE = "</script><img src=x onerror=alert(1)> & \"quotes\"";

    @Test
    @DisplayName("text of any kind stays text, and gaps in a curve stay gaps")
    void hostile() {
        FiguresPage.Line line = new FiguresPage.Line(new double[] {0, 1}, new double[] {0.5, Double.NaN});
        String page = new FiguresPage(
                        HOSTILE,
                        HOSTILE,
                        List.of(new FiguresPage.Section(
                                HOSTILE,
                                Map.of(HOSTILE, HOSTILE),
                                List.of(List.of(HOSTILE), List.of(HOSTILE)),
                                List.of(new FiguresPage.Chart(HOSTILE, HOSTILE, Map.of(HOSTILE, line))))))
                .html();
        assertThat(page)
                .doesNotContain("<img")
                .contains("<th>&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; &quot;quotes&quot;</th>")
                .contains("<canvas id=\"chart-0\">", "[[0.0,0.5],[1.0,null]]");
        assertThat(page.split("<script", -1))
                .as("data, Chart.js, and the drawing")
                .hasSize(4);
        assertThat(page).contains("default-src 'none'").doesNotContain("unsafe");
    }
}
