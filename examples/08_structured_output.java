// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.io;
import module dev.jacobian.transformer;

/**
 * 08: answers of a given form.
 *
 * <p>A grammar (a choice, a regular expression, a JSON schema) says which tokens may come next; the model chooses among those. So the
 * answer has the form, whatever the model: this one knows numbers and signs, and has never seen JSON.
 */
class StructuredOutput {
    void main() {
        CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));

        say(model, Grammar.choice(List.of("yes", "no")));
        say(model, Grammar.regex("<answer>[0-9]{1,2}[+*-][0-9]{1,2}</answer>"));

        // Properties come in the schema's order. What the schema does not mention is not written.
        JsonNode schema = Json.parse("""
            {"type": "object",
             "properties": {
               "terms": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 99}, "minItems": 2, "maxItems": 3},
               "sign": {"enum": ["+", "*"]}},
             "required": ["terms", "sign"]}""", "schema");
        say(model, Grammar.jsonSchema(schema, JsonLayout.COMPACT, "schema"));

        // A keyword that is not understood is an error that names it and its place: nothing is skipped in silence.
        try {
            Grammar.jsonSchema(Json.parse("{\"type\": \"integer\", \"multipleOf\": 3}", "schema"), JsonLayout.COMPACT, "schema");
        } catch (FormatException e) {
            IO.println(e.getMessage());
        }
    }

    private void say(CausalLM model, Grammar grammar) {
        GenerationConfig config = GenerationConfig.builder()
                .doSample(false)
                .maxNewTokens(64)
                .processor(GrammarMask.of(model, grammar))
                .build();
        String text = new Generator(model).generate("3 7 15 = 36\n", config).text();
        IO.println(text + "   in the grammar: " + grammar.matches(text));
    }
}

/* Prints:
no   in the grammar: true
<answer>15*33</answer>   in the grammar: true
{"terms":[46,30,74],"sign":"*"}   in the grammar: true
schema, at #: the keyword 'multipleOf' is not supported. Leave it out and check it afterwards, or describe the values without it
*/
