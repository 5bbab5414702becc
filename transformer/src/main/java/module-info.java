// SPDX-License-Identifier: Apache-2.0
/** Decoder language models in Hugging Face form: loading, scoring, training, generation, saving. */
module dev.jacobian.transformer {
    requires transitive dev.jacobian.autograd;
    requires transitive dev.jacobian.io;
    requires com.fasterxml.jackson.databind;

    exports dev.jacobian.transformer;
    exports dev.jacobian.transformer.config;
    exports dev.jacobian.transformer.family;
    exports dev.jacobian.transformer.generation;
    exports dev.jacobian.transformer.gguf;
    exports dev.jacobian.transformer.generation.processor;
    exports dev.jacobian.transformer.lora;
    exports dev.jacobian.transformer.merge;
    exports dev.jacobian.transformer.plan;
}
