// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.io;

/**
 * 05: a conversation as an instruct model reads it.
 *
 * <p>Such a model was trained on texts that a template made of messages. The template is a small program that comes with the
 * checkpoint ({@code ChatTemplate.require(model.tokenizer().config(), "DIR")}); here is one of our own. It is a stranger's
 * program, so it runs in an interpreter that bounds its time, memory and output.
 */
class AConversation {
    static final String TEMPLATE = """
        {%- for message in messages -%}
        <|{{ message.role }}|>{{ message.content | trim }}{{ eos_token }}
        {% endfor -%}
        {%- if add_generation_prompt %}<|assistant|>{% endif %}""";

    void main() {
        ChatTemplate template = ChatTemplate.require(
                new TokenizerConfig(Map.of("eos_token", "</s>"), Map.of("default", TEMPLATE), Json.object()), "example");
        Chat chat = Chat.read(
                Json.parse(
                        """
                        [{"role": "system", "content": "Be brief."},
                         {"role": "user", "content": "  What is 2 + 2?"},
                         {"role": "assistant", "content": "It is"}]""",
                        "messages"),
                "messages");

        IO.println("The conversation:");
        IO.println(template.render(chat).text());
        IO.println("Its last message left open, for the model to go on with:");
        IO.println(template.render(chat.withContinuedMessage(true)).text());
    }
}

/* Prints:
The conversation:
<|system|>Be brief.</s>
<|user|>What is 2 + 2?</s>
<|assistant|>It is</s>

Its last message left open, for the model to go on with:
<|system|>Be brief.</s>
<|user|>What is 2 + 2?</s>
<|assistant|>It is
*/
