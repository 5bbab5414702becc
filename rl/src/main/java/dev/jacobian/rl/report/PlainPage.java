// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

/** The head and the style of pages without script: their policy forbids everything but their own style sheet. */
final class PlainPage {
    static final String END = "</body>\n</html>\n";

    static final String STYLE = """
        :root { color-scheme: light dark; --ink: #1d2127; --soft: #646a73; --line: #e8e7e3; --blue: #2f5bd0; --page: #ffffff; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e7e9ed; --soft: #9aa1ac; --line: #2a2e36; --blue: #86a9ff; --page: #14161a; }
        }
        body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: var(--ink); background: var(--page);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; } p { color: var(--soft); }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .35rem .8rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
        th:first-child { text-align: left; } small { color: var(--soft); display: block; }
        svg { max-width: 100%; } .bar { stroke: var(--blue); stroke-width: 2; } .dot { fill: var(--blue); }
        .grid { stroke: var(--line); } text { fill: var(--ink); font-size: 12px; }
        """;

    private PlainPage() {}

    /** Everything up to the page's heading. */
    static String head(String title) {
        return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none';"
                + " form-action 'none'; style-src " + ReportPage.hash(STYLE)
                + "\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>" + SafeText.html(title)
                + " · Jacobian</title>\n<style>" + STYLE + "</style>\n</head>\n<body>\n<h1>" + SafeText.html(title)
                + "</h1>\n";
    }
}
