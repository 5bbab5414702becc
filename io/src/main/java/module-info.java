// SPDX-License-Identifier: Apache-2.0
/**
 * Files of language models: safetensors, {@code tokenizer.json}, JSON and JSON lines, and writing all of them so that a
 * kill at any instant loses nothing. This module knows formats; it knows nothing about models.
 */
module dev.jacobian.io {
    requires transitive dev.jacobian.tensor;
    requires transitive com.fasterxml.jackson.databind;
    requires org.yaml.snakeyaml;

    exports dev.jacobian.io;
    exports dev.jacobian.io.chat;
    exports dev.jacobian.io.gguf;
    exports dev.jacobian.io.grammar;
    exports dev.jacobian.io.jinja;
    exports dev.jacobian.io.protobuf;
    exports dev.jacobian.io.quantized;
    exports dev.jacobian.io.rows;
    exports dev.jacobian.io.safetensors;
    exports dev.jacobian.io.spill;
    exports dev.jacobian.io.tensorboard;
    exports dev.jacobian.io.tokenizer;

    uses dev.jacobian.io.rows.RowFormat; // Parquet, where that module is
}
