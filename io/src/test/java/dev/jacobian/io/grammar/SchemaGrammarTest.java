// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.harrel.jsonschema.Dialects;
import dev.harrel.jsonschema.FormatEvaluatorFactory;
import dev.harrel.jsonschema.Validator;
import dev.harrel.jsonschema.ValidatorFactory;
import dev.harrel.jsonschema.providers.JacksonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.testing.fuzz.Choices;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schemas as automata: whatever they lead to is JSON and satisfies the schema, as another library sees it. */
class SchemaGrammarTest {
    private static final int SCHEMAS = 300;

    private static final ValidatorFactory VALIDATORS = new ValidatorFactory()
            .withDialect(new Dialects.Draft2020Dialect())
            .withEvaluatorFactory(new FormatEvaluatorFactory())
            .withJsonNodeFactory(new JacksonNode.Factory());

    private static Grammar grammar(String schema) {
        return Grammar.jsonSchema(Json.parse(schema, "schema"), JsonLayout.DEFAULT, "schema");
    }

    @Test
    void everyTextThatItLeadsToSatisfiesTheSchema() {
        int ended = 0;
        for (int n = 0; n < SCHEMAS; n++) {
            Choices choices = new Choices(21, n);
            JsonNode schema = RandomSchema.of(choices);
            Grammar grammar = Grammar.jsonSchema(schema, JsonLayout.DEFAULT, "schema");
            for (int i = 0; i < 6; i++) {
                byte[] bytes = RandomTexts.bytes(grammar, choices, 1500);
                if (bytes != null) {
                    ended++;
                    String text = new String(bytes, StandardCharsets.UTF_8);
                    // Names may come twice among additional ones, so not by Json, which refuses them.
                    Validator.Result result = VALIDATORS.validate(schema.toString(), text);
                    assertThat(result.isValid())
                            .as(() -> "schema " + schema + " made " + text + ": "
                                    + result.getErrors().stream()
                                            .map(e -> e.getInstanceLocation() + " " + e.getError())
                                            .toList())
                            .isTrue();
                }
            }
        }
        assertThat(ended).isGreaterThan(SCHEMAS * 4);
    }

    @Test
    void anyObjectIsJson() {
        Grammar grammar = Grammar.jsonObject(JsonLayout.DEFAULT);
        int ended = 0;
        for (int n = 0; n < 50; n++) {
            byte[] bytes = RandomTexts.bytes(grammar, new Choices(22, n), 3000);
            if (bytes != null) {
                ended++;
                assertThat(VALIDATORS
                                .validate("{\"type\":\"object\"}", new String(bytes, StandardCharsets.UTF_8))
                                .isValid())
                        .isTrue();
            }
        }
        assertThat(ended).isGreaterThan(10);
        assertThat(grammar.matches("{\"a\": [1, {\"b\": null}, \"x\\u00e9\"]}")).isTrue();
        assertThat(grammar.matches("[]")).isFalse();
        assertThat(grammar.matches("{\"a\": \"\\ud800\"}")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '§', quoteCharacter = '`', textBlock = """
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"]} § {"a": 1, "b": "x"} § {"b": "x", "a": 1}
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"]} § {"b":"x"} § {"a": 1}
        {"type":"object","properties":{"a":{"type":"integer"}}} § {} § {"c":1}
        {"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"null"}} § {"c":null} § {"a":null}
        {"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":true} § {"a":1,"ab":2,"b":3} § {"b":3,"a":1}
        {"type":"object"} § {"x":[1]} § []
        {"type":"object","additionalProperties":true,"required":["id"]} § {"id":1,"x":2} § {"x":2}
        {"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2} § [1,2] § [1,2,3]
        {"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}]} § [1,"a"] § [1,"a",2]
        {"type":"array","prefixItems":[{"type":"integer"}],"items":{"type":"string"}} § [1,"a","b"] § [1,2]
        {"type":"array"} § [1,"a",[]] § {}
        {"type":"string","minLength":2,"maxLength":3} § "a😀" § "a"
        {"type":"string","maxLength":3} § "\\ud83d\\ude00\\n\\u0041" § "abcd"
        {"type":"string","pattern":"b"} § "abc" § "ac"
        {"type":"string","pattern":"^b"} § "bc" § "abc"
        {"type":"string","format":"date"} § "2024-02-29" § "2023-02-29"
        {"type":"string","format":"email"} § "a.b+c@example.org" § "a@b"
        {"type":["string","null"]} § null § 1
        {"type":"string","nullable":true} § null § 1
        {"const":{"a":[1]}} § {"a":[1]} § {"a":[2]}
        {"type":"string","enum":["a",1]} § "a" § 1
        {"enum":["x","xy"]} § "xy" § "y"
        {"anyOf":[{"type":"integer"},{"type":"boolean"}]} § true § "t"
        {"oneOf":[{"type":"integer"},{"type":"boolean"}]} § 12 § null
        {"allOf":[{"$ref":"#/$defs/x"}],"$defs":{"x":{"type":"null"}}} § null § 1
        {} § {"a":[null]} § {"a":}
        {"type":"integer","minimum":-3,"maximum":12} § -3 § 13
        {"type":"integer","minimum":-3,"maximum":12} § 12 § -0
        {"type":"integer","exclusiveMinimum":99,"exclusiveMaximum":1002} § 1001 § 99
        {"type":"number","minimum":0.5,"maximum":2.5} § 2.50 § 2.51
        {"type":"number","minimum":0.5,"maximum":2.5} § 0.5 § 0.4
        {"type":"number","exclusiveMinimum":0.5,"maximum":2.5} § 0.5001 § 0.50
        {"type":"number","exclusiveMaximum":0} § -0.001 § 0
        {"type":"number","minimum":-0.25,"maximum":-0.125} § -0.2 § -0.3
        {"type":"number","minimum":5,"maximum":5} § 5.00 § 5.01
        {"type":"number"} § -1.5e-10 § .5
        {"type":"number"} § 0 § 01
        {"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"c":{"type":"array","items":{"$ref":"#/$defs/n"}}}}}} § {"c":[{"c":[]},{}]} § {"c":[1]}
        """)
    void saysWhatAnExampleSays(String schema, String good, String bad) {
        assertThat(grammar(schema).matches(good)).isTrue();
        assertThat(grammar(schema).matches(bad)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '§', quoteCharacter = '`', textBlock = """
        {"type":"object","properties":{"a":{"type":"object","minProperties":1}}} § at #/properties/a: the keyword 'minProperties' is not supported
        {"not":{}} § the keyword 'not' is not supported
        {"type":"array","uniqueItems":true} § the keyword 'uniqueItems' is not supported
        {"type":"integer","multipleOf":2} § the keyword 'multipleOf' is not supported
        {"typ":"string"} § the keyword 'typ' is not supported
        {"type":"text"} § 'type' is "text"
        {"type":[]} § 'type' is []
        {"type":"string","minimum":1} § 'minimum' says nothing about values of type string
        {"enum":[]} § no value of 'enum'
        {"type":"string","enum":[1]} § no value of 'enum'
        {"enum":[1],"minimum":2} § 'minimum' beside 'enum' is not supported
        {"anyOf":[]} § at least one schema
        {"anyOf":[{"type":"null"}],"type":"null"} § 'type' beside 'anyOf'
        {"allOf":[{},{}]} § 'allOf' of several schemas
        {"oneOf":[{"type":"integer"},{"type":"number"}]} § a value may satisfy both #/oneOf/0 and #/oneOf/1
        {"$ref":"#/$defs/x"} § there is nothing
        {"$ref":"http://example.com/x"} § no place in this schema
        {"$ref":"#"} § leads in a circle
        {"anyOf":[{"$ref":"#"},{"type":"null"}]} § refers back to itself with nothing in between
        {"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]} § no text can satisfy it
        {"type":"object","properties":{},"required":["a"]} § which is not among 'properties'
        {"type":"object","properties":{"a":false}} § the schema 'false' allows nothing
        {"type":"object","properties":{"a":1}} § a schema must be an object
        {"type":"string","format":"regex"} § the format 'regex' is not supported
        {"type":"string","pattern":"(?=a)"} § look-ahead
        {"type":"string","pattern":"a","maxLength":3} § together are not supported
        {"type":"string","minLength":3,"maxLength":2} § larger than 'maxLength'
        {"type":"string","minLength":-1} § at least 0
        {"type":"string","maxLength":1000000000} § more than
        {"type":"array","items":{},"maxItems":1000000000} § more than
        {"type":"array","prefixItems":[{}],"minItems":2} § more elements than there may be
        {"type":"integer","minimum":2.1,"maximum":2.9} § no integer lies within
        {"type":"number","minimum":3,"exclusiveMaximum":3} § no number lies within
        {"type":"number","minimum":1e300} § more than 40 digits
        {"type":"number","minimum":1e999999999} § must be a number
        {"type":"number","minimum":"3"} § must be a number
        """)
    void refusesTheRestWithItsPlace(String schema, String message) {
        assertThatThrownBy(() -> grammar(schema))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("schema")
                .hasMessageContaining(message);
    }

    @Test
    void oneOfMayBeToldApartByAConstant() {
        String shapes = """
            {"oneOf":[
              {"type":"object","properties":{"kind":{"const":"circle"},"r":{"type":"number"}},"required":["kind","r"]},
              {"type":"object","properties":{"kind":{"const":"square"},"a":{"type":"number"}},"required":["kind","a"]}]}\
            """;
        assertThat(grammar(shapes).matches("{\"kind\": \"square\", \"a\": 2}")).isTrue();
        assertThat(grammar(shapes).matches("{\"kind\": \"square\", \"r\": 2}")).isFalse();
    }

    /** Alternatives that begin alike at every level: one reading per level each, not two to the power of levels. */
    @Test
    void ambiguousRecursionStaysSmall() {
        Grammar grammar = grammar("""
            {"$defs":{"x":{"anyOf":[
              {"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"additionalProperties":false},
              {"type":"object","properties":{"a":{"$ref":"#/$defs/x"},"b":{"type":"null"}},"additionalProperties":false}]}},
             "$ref":"#/$defs/x"}\
            """);
        String deep = "{\"a\":".repeat(40) + "{}" + ",\"b\":null}".repeat(40);
        assertThat(grammar.matches(deep)).isTrue();
    }

    @Test
    void nestingEndsInTime() {
        Grammar grammar = grammar("{}");
        assertThat(grammar.matches("[".repeat(30) + "]".repeat(30))).isTrue();
        assertThat(grammar.matches("[".repeat(5000) + "]".repeat(5000))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ?", "[ \\n\\t]*", "(?:\\n {0,8})?"})
    void whiteSpaceIsAsAsked(String whitespace) {
        Grammar grammar =
                Grammar.jsonSchema(Json.parse("{\"type\":\"object\"}", "schema"), new JsonLayout(whitespace), "schema");
        assertThat(grammar.matches("{\"a\":[1,2]}")).isTrue();
        assertThat(grammar.matches("{ \"a\" : [ 1 , 2 ] }"))
                .isEqualTo(!whitespace.isEmpty() && !whitespace.startsWith("(?"));
        assertThat(grammar.matches("{\n    \"a\":[1,2]\n}")).isEqualTo(whitespace.contains("\\n"));
    }

    @Test
    void whiteSpaceIsWhite() {
        assertThatThrownBy(() -> new JsonLayout("[ x]?")).hasMessageContaining("more than blanks");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hundredsOfOptionalPropertiesFit(boolean open) {
        String[] values = {
            "{\"type\": \"string\", \"maxLength\": 255, \"description\": \"text %d\"}",
            "{\"type\": \"integer\", \"minimum\": 0, \"title\": \"count %d\"}",
            "{\"type\": [\"string\", \"null\"], \"format\": \"date-time\", \"description\": \"time %d\"}",
            "{\"enum\": [\"red\", \"green\"], \"description\": \"colour %d\"}",
            "{\"type\": \"array\", \"items\": {\"type\": \"number\", \"description\": \"number %d\"}}",
        };
        StringBuilder properties = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            properties.append(i == 0 ? "" : ",").append("\"the_property_number_" + i + "\": ");
            properties.append(values[i % values.length].formatted(i));
        }
        Grammar grammar = grammar(
                "{\"type\": \"object\", \"properties\": {" + properties + "}, \"additionalProperties\": " + open + "}");
        assertThat(grammar.matches("{}")).isTrue();
        assertThat(grammar.matches("{\"the_property_number_0\": \"a\", \"the_property_number_301\": 7,"
                        + " \"the_property_number_599\": [1.5]}"))
                .isTrue();
        assertThat(grammar.matches("{\"the_property_number_301\": -7}")).isFalse();
        assertThat(grammar.matches("{\"the_property_number_2\": null, \"the_property_number_1\": 1}"))
                .isFalse();
        assertThat(grammar.matches("{\"the_property_number_600\": 1, \"a\\tb\": 2, \"\u00e9\": 3}"))
                .isEqualTo(open);
        assertThat(grammar.matches("{\"the_property_number_3\": \"blue\"}")).isFalse();
        assertThat(grammar.matches("{\"the_property_number_3x\": \"blue\"}")).isEqualTo(open);
    }

    @Test
    void theSchemaMayChangeAfterwards() {
        var schema = Json.object().put("type", "integer");
        Grammar grammar = Grammar.jsonSchema(schema, JsonLayout.DEFAULT, "schema");
        schema.put("type", "string");
        assertThat(Grammar.sequence(List.of(grammar, Grammar.text("!"))).matches("5!"))
                .isTrue();
    }
}
