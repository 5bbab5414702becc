// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import dev.jacobian.testing.fuzz.JsonMutator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Broken templates over broken variables: a text or a clear error, whatever the template asks for. */
class TemplateFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Names, numbers, strings, marks: what a template can be cut into without losing its sense at once. */
    private static final Pattern PIECE =
            Pattern.compile("\\w+|'[^'\\n]*'|\\{[{%#]-?|-?[}%#]\\}|\\s+|.", Pattern.DOTALL);

    private static final List<String> FRAGMENTS = List.of(
            "{{ x }}",
            "{% for a in b %}",
            "{% endfor %}",
            "{% if true %}",
            "{% endif %}",
            "{% else %}",
            "{%- set n = 9 -%}",
            "{% macro m(a, b=1) %}{{ m(a) }}{% endmacro %}",
            "m(1)",
            "range(99999999)",
            "'ab' * 999999999",
            "[1] * 99999999",
            " ** 999",
            " // 0",
            " % ()",
            "|list",
            "|join(',')",
            "|tojson(indent=99999)",
            "|replace('', 'aa')",
            "|sort",
            "|batch(0)",
            "|indent(99999999)",
            "|center(99999999)",
            ".__class__",
            "['__init__']",
            ".append(1)",
            "[::-1]",
            "[1:",
            "loop.index",
            "loop(messages)",
            "namespace(a=1)",
            "{% set ns.a = ns.a + 1 %}",
            "{% generation %}",
            "{% endgeneration %}",
            "{% break %}",
            "{% raw %}",
            "{% call m() %}",
            "\"%99999999d\" % 1",
            "'{:>99999999}'.format(1)",
            "raise_exception('no')",
            "strftime_now('%Y')",
            "is defined",
            "not ",
            " in messages",
            "~ ",
            "-",
            "((((",
            "}}",
            "%}",
            "{#",
            "\0",
            "\u001b",
            "\ud83d");

    /** A hundredth of the default ones, so that what passes a limit shows in time and memory. */
    private static final JinjaLimits LIMITS = new JinjaLimits(
            JinjaLimits.DEFAULT.steps() / 100,
            JinjaLimits.DEFAULT.depth(),
            JinjaLimits.DEFAULT.size() / 100,
            JinjaLimits.DEFAULT.output() / 100);

    private static final String VARIABLES = """
        {"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hi \u00fc"}]},
         {"role":"assistant","content":"Hello.","tool_calls":[{"function":{"name":"f","arguments":{"a":1.5}}}]}],
         "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
         "documents":null,"bos_token":"<s>","eos_token":"</s>","add_generation_prompt":true,"x":[1,2,3],"b":"text"}\
        """;

    @Test
    void rendersOrSaysWhatIsWrong() throws IOException {
        List<String> corpus =
                List.of(Files.readString(TestPaths.model("llama-gqa").resolve("chat_template.jinja")), """
                    {%- set ns = namespace(n=0, found=false) -%}
                    {%- for m in messages|selectattr('role', 'ne', 'system') if m.content is not none -%}
                      {%- set ns.n = ns.n + loop.index0 * 2 -%}
                      <|{{ m['role'] }}|>{{ m.content if m.content is string else m.content|map(attribute='text')|join(' ') }}
                      {%- if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function|tojson(indent=2) }}{% endfor %}{% endif -%}
                    {%- else -%}none{%- endfor -%}
                    {{ '%05.2f|%s' % (ns.n / 3, bos_token.strip().upper()[1:-1]) }}{{ x[::-1] }}{{ {'a': [1, none]}.items()|list }}
                    """, """
                    {% macro part(c, depth=0) %}{% if c is mapping %}{% for k, v in c|dictsort %}{{ k }}={{ part(v, depth + 1) }};
                    {% endfor %}{% elif c is iterable and c is not string %}{{ c|length }}{% else %}{{ c|trim }}{% endif %}{% endmacro %}
                    {% for m in messages recursive %}{% generation %}{{ part(m) }}{% endgeneration %}{{ loop.cycle('a', 'b') }}
                    {% if loop.last and add_generation_prompt %}{{ eos_token ~ strftime_now('%d %b %Y') }}{% endif %}{% endfor %}
                    """);
        JsonNode variables = JSON.readTree(VARIABLES);
        int inputs = Fuzz.inputs(3000);
        int rendered = Fuzz.run(
                inputs,
                4,
                choices -> template(corpus, choices).getBytes(StandardCharsets.UTF_8),
                input -> {
                    String text = new String(input, StandardCharsets.UTF_8);
                    ObjectNode values = (ObjectNode) variables;
                    Choices choices = new Choices(input.length, text.hashCode());
                    if (choices.oneIn(3) && JsonMutator.mutate(variables, choices) instanceof ObjectNode broken) {
                        values = broken;
                    }
                    JinjaTemplate.parse(text).render(values, Clock.systemUTC(), LIMITS);
                },
                JinjaException.class::isInstance);
        assertThat(rendered).isBetween(inputs / 100, inputs - inputs / 50);
    }

    private static String template(List<String> corpus, Choices choices) {
        List<String> pieces = new ArrayList<>();
        PIECE.matcher(choices.of(corpus)).results().forEach(match -> pieces.add(match.group()));
        for (int change = choices.below(4) + 1; change > 0 && !pieces.isEmpty(); change--) {
            int at = choices.below(pieces.size());
            switch (choices.below(5)) {
                case 0 -> pieces.remove(at);
                case 1 -> pieces.set(at, choices.of(FRAGMENTS));
                case 2 -> pieces.add(at, choices.of(FRAGMENTS));
                case 3 -> pieces.set(at, choices.of(pieces));
                default -> {
                    List<String> part =
                            List.copyOf(pieces.subList(at, Math.min(pieces.size(), at + choices.below(30))));
                    pieces.addAll(choices.below(pieces.size()), part);
                }
            }
        }
        String text = String.join("", pieces);
        return choices.oneIn(10)
                ? new String(Bytes.mutate(text.getBytes(StandardCharsets.UTF_8), choices), StandardCharsets.UTF_8)
                : text;
    }
}
