// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.jacobian.io.Json;
import dev.jacobian.tensor.Rng;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates come from anywhere: whatever they say, they end soon, in bounded memory, with a message. */
class HostileTemplateTest {
    /** A tenth of the usual ones, so that a hundred hostile templates take seconds. */
    private static final JinjaLimits TENTH = new JinjaLimits(2_000_000, 600, 10_000_000, 2_000_000);

    private static String render(String template) {
        return JinjaTemplate.parse(template).render(Json.object()).text();
    }

    @ParameterizedTest
    @Timeout(20)
    @ValueSource(
            strings = {
                // time
                "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
                "{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{{ x[i] }}{% endfor %}",
                "{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{% if 'b' in x %}{% endif %}{% endfor %}",
                "{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{{ x == x ~ '' }}{% endfor %}",
                "{% set x = range(100000)|list %}{% for i in x %}{{ x == x[1:] }}{% endfor %}",
                "{% set x = range(100000)|list %}{% for i in x %}{{ x|sort|first }}{% endfor %}",
                "{% set x = range(100000)|list %}{% for i in x %}{{ x|map('string')|join|length }}{% endfor %}",
                "{% set x = 'a ' * 5000000 %}{% for i in range(1000) %}{{ x.split()|length }}{% endfor %}",
                "{% set x = 'a' * 30000000 %}{% for i in range(1000) %}{{ x.isalpha() }}{% endfor %}",
                // memory
                "{{ 'a' * 10 ** 9 }}",
                "{{ [0] * 10 ** 9 }}",
                "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{%"
                        + " endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x.replace('a', 'aa') %}{%"
                        + " endfor %}",
                "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x.join([ns.x, ns.x, ns.x])"
                        + " %}{% endfor %}",
                "{{ 'x'.center(2000000000) }}",
                "{{ 'x'.ljust(2000000000)|length }}",
                "{{ '%2000000000d' % 5 }}",
                "{{ '%.2000000000f' % 5.0 }}",
                "{{ '%0*d' % (2000000000, 5) }}",
                "{{ '{:2000000000}'.format(5) }}",
                "{{ '{:.2000000000f}'.format(5.0) }}",
                "{{ ('\\t' * 1000).expandtabs(10000000) }}",
                "{{ [1]|tojson(indent=2000000000) }}",
                "{{ 'a\\nb'|indent(2000000000) }}",
                "{{ [1]|batch(2000000000, 'x')|list }}",
                "{{ [1]|slice(2000000000)|list }}",
                "{{ 'x'|center(2000000000) }}",
                "{{ ('\\x00' * 10000000)|tojson|tojson|tojson|tojson }}",
                "{{ ('&' * 10000000)|e|forceescape|forceescape }}",
                "{{ [('\\x00' * 1000000)] * 100 }}",
                "{{ 2 ** (10 ** 9) }}",
                "{{ 10 ** 4000 * 10 ** 4000 }}",
                "{{ range(10 ** 9) }}",
                "{% for x in range(100000) %}{% for y in range(100)"
                        + " %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfor %}",
                // depth
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m(x) %}{{ m([x]) }}{% endmacro %}{{ m([]) }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x"
                        + " }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{"
                        + " ns.x == ns.x }}",
                "{% set ns = namespace(x={}) %}{% for i in range(60) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{%"
                        + " endfor %}{{ ns.x|tojson }}",
                "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
                "{% set a = namespace() %}{% set b = namespace(a=[a]) %}{% set a.b = (b,) %}{{ a }}",
            })
    void endsAtALimit(String template) {
        JinjaException e = catchThrowableOfType(
                JinjaException.class,
                () -> JinjaTemplate.parse(template).render(Json.object(), Clock.systemUTC(), TENTH));
        assertThat(e).as(template).isNotNull();
        assertThat(e.kind()).as(e.getMessage()).isEqualTo(JinjaException.Kind.LIMIT);
        assertThat(e.getMessage()).contains("(limit: ");
    }

    /** A search that compares anew at every place would take hours. */
    @Test
    @Timeout(10)
    void searchesInLinearTime() {
        assertThat(render("{% set a = 'a' * 4000000 %}{% set b = 'a' * 2000000 ~ 'b' %}"
                        + "{{ b in a }} {{ a.find(b) }} {{ a.rfind('b' ~ 'a' * 2000000) }} {{ a.count(b) }}"
                        + " {{ a.replace(b, '') == a }} {{ a.split(b)|length }}"))
                .isEqualTo("False -1 -1 0 True 1");
    }

    /** Keys that share a hash: Java's map would become a list without an order of keys. */
    @Test
    @Timeout(10)
    void keysOfOneHashAreNoTrouble() {
        StringBuilder pairs = new StringBuilder();
        for (int i = 0; i < 1 << 14; i++) {
            StringBuilder key = new StringBuilder();
            for (int bit = 0; bit < 14; bit++) {
                key.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            pairs.append('\'').append(key).append("':1,");
        }
        assertThat(render("{{ {" + pairs + "}|length }}")).isEqualTo("16384");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"(", "[", "{1:", "not ", "-", "1 if ", "x(", "x[", "x|f(", "x.a and (", "{'a':[", "1 if 1 else "
            })
    void deepNestingInTheSourceIsAnError(String part) {
        assertThatThrownBy(() -> JinjaTemplate.parse("{{ " + part.repeat(50_000)))
                .isInstanceOf(JinjaException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{% if 1 %}", "{% for x in y %}", "{% macro m() %}", "{% filter upper %}", "{% with %}"})
    void deepBlocksAreAnError(String block) {
        assertThatThrownBy(() -> JinjaTemplate.parse(block.repeat(10_000)))
                .isInstanceOf(JinjaException.class)
                .hasMessageContaining("(limit: nesting)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1+", "1~", "x or ", "x and ", "1<", "'a' ", "x.a."})
    void longChainsAreAnErrorOrWork(String part) {
        String template = "{{ " + part.repeat(20_000) + "x }}";
        try {
            render(template);
        } catch (JinjaException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Test
    void limitsCanBeChosen() {
        JinjaTemplate template = JinjaTemplate.parse("{% for i in range(100) %}{{ i }}{% endfor %}");
        for (JinjaLimits limits : List.of(
                new JinjaLimits(50, 600, 1000, 1000),
                new JinjaLimits(10_000, 2, 1000, 1000),
                new JinjaLimits(10_000, 600, 50, 1000),
                new JinjaLimits(10_000, 600, 1000, 50))) {
            assertThatThrownBy(() -> template.render(Json.object(), Clock.systemUTC(), limits))
                    .hasMessageContaining("(limit: ");
        }
    }

    @Test
    void sourcesHaveALimit() {
        assertThatThrownBy(() -> JinjaTemplate.parse("a".repeat(JinjaLimits.MAX_SOURCE + 1)))
                .hasMessageContaining("(limit: length of a template)");
    }

    @Test
    void theFullDepthFitsOnAnOrdinaryStack() throws InterruptedException {
        Throwable[] failure = new Throwable[1];
        Thread thread = new Thread(
                null,
                () -> failure[0] = catchThrowableOfType(
                        Throwable.class,
                        () -> render("{% macro m(x) %}{% for y in [x] %}{% if y is defined %}{{ (m(y|default(1) ~"
                                + " ''))|upper }}{% endif %}{% endfor %}{% endmacro %}{{ m('') }}")),
                "ordinary",
                1 << 20);
        thread.start();
        thread.join();
        assertThat(failure[0]).isInstanceOf(JinjaException.class).hasMessageContaining("(limit: depth)");
    }

    /** Real pieces in random order: nothing but a rendering or a {@link JinjaException} comes out. */
    @Test
    @Timeout(60)
    void randomTemplatesFailCleanly() {
        String[] pieces = {
            "{{ ",
            " }}",
            "{% ",
            " %}",
            "{#",
            "#}",
            "{%- ",
            " -%}",
            "if ",
            "for x in ",
            "endif",
            "endfor",
            "set ",
            "macro m(",
            "endmacro",
            "else",
            "elif ",
            "x",
            "y",
            "loop",
            "range(3)",
            "'a'",
            "\"b\"",
            "1",
            "2.5",
            "[",
            "]",
            "(",
            ")",
            "{",
            "}",
            ",",
            ":",
            ".",
            "|",
            "upper",
            "join",
            "sort",
            "tojson",
            "map(",
            "is ",
            "defined",
            "not ",
            "and ",
            "or ",
            "in ",
            "+",
            "-",
            "*",
            "//",
            "%",
            "~",
            "==",
            "<",
            "=",
            "namespace(",
            "\n",
            " ",
            "raw",
            "endraw",
            "call ",
            "endcall",
            "filter ",
            "endfilter",
            "with ",
            "endwith",
            "generation",
            "endgeneration",
            "break",
            "continue",
            "format(",
            "items()",
            "\\",
            "é",
            "😀",
            "0x",
            "_",
            "**",
            "none",
            "true",
            ".replace("
        };
        Rng random = new Rng(7, 0);
        for (int i = 0; i < 50_000; i++) {
            StringBuilder template = new StringBuilder();
            int length = random.nextInt(25);
            boolean whole = random.nextInt(2) == 0;
            template.append(whole ? "{{ " : "");
            for (int piece = 0; piece < length; piece++) {
                template.append(pieces[random.nextInt(pieces.length)]);
            }
            template.append(whole ? " }}" : "");
            try {
                render(template.toString());
            } catch (JinjaException e) {
                assertThat(e.getMessage()).as(template.toString()).isNotBlank();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("template: " + template, e);
            }
        }
    }
}
