// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Jinja template as transformers renders chat templates: Jinja's immutable sandbox with {@code trim_blocks} and
 * {@code lstrip_blocks}, {@code break} and {@code continue}, transformers' own {@code tojson}, {@code raise_exception},
 * {@code strftime_now} and {@code generation} blocks.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>An interpreter of the syntax tree, without reflection: a template reaches the values that it is given, and nothing else.
 *   <li>Templates are untrusted: {@link JinjaLimits} bound time, memory, depth and output.
 *   <li>What prints, compares and computes as Python does, down to the digits of floating-point numbers, because the text becomes
 *       tokens. Not there: other templates ({@code include}, {@code extends}), {@code random} and {@code urlize}, which no chat
 *       template uses.
 *   <li>Immutable, so that one template can render in many threads.
 * </ul>
 */
public final class JinjaTemplate {
    private final Parser.Source source;

    private JinjaTemplate(Parser.Source source) {
        this.source = source;
    }

    /**
     * Parses a template.
     *
     * @throws JinjaException if it is not Jinja, with the line
     */
    public static JinjaTemplate parse(String source) {
        return new JinjaTemplate(Parser.parse(source));
    }

    /**
     * What a template made.
     *
     * @param text the rendered text
     * @param generations where the {@code generation} blocks stand in it, in their order
     */
    public record Rendering(String text, List<Span> generations) {}

    /** Part of a text, from {@code start} to before {@code end}, in chars. */
    public record Span(int start, int end) {}

    /** As {@link #render(ObjectNode, Clock, JinjaLimits)} with the machine's clock and the default limits. */
    public Rendering render(ObjectNode variables) {
        return render(variables, Clock.systemDefaultZone(), JinjaLimits.DEFAULT);
    }

    /**
     * Renders the template.
     *
     * @param variables its variables by name
     * @param clock what {@code strftime_now} tells
     * @param limits what the rendering may use
     * @throws JinjaException if the template refuses the variables, fails on them, or reaches a limit
     */
    public Rendering render(ObjectNode variables, Clock clock, JinjaLimits limits) {
        Map<String, Value> values = new LinkedHashMap<>();
        variables.properties().forEach(entry -> values.put(entry.getKey(), value(entry.getValue())));
        return new Interpreter(source, clock, limits).run(values);
    }

    /** Whether the template marks what the assistant says. */
    public boolean marksGenerations() {
        return source.generations();
    }

    /** JSON as Python's {@code json} reads it. */
    static Value value(JsonNode json) {
        return switch (json.getNodeType()) {
            case OBJECT -> {
                Map<Value, Value> entries = new LinkedHashMap<>();
                json.properties().forEach(entry -> entries.put(new Value.Str(entry.getKey()), value(entry.getValue())));
                yield Value.Dict.of(entries);
            }
            case ARRAY -> {
                List<Value> items = new ArrayList<>(json.size());
                json.forEach(element -> items.add(value(element)));
                yield Value.Items.of(items);
            }
            case STRING -> new Value.Str(json.textValue());
            case BOOLEAN -> Value.Bool.of(json.booleanValue());
            case NUMBER ->
                json.isIntegralNumber() ? Meter.integer(json.bigIntegerValue()) : new Value.Real(json.doubleValue());
            case NULL, MISSING, BINARY, POJO -> Value.None.NONE;
        };
    }
}
