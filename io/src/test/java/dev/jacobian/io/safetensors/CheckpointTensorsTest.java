// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTensorsTest {
    @TempDir
    Path folder;

    @BeforeEach
    void twoShards() {
        shard("model-1.safetensors", "a", 1);
        shard("model-2.safetensors", "b", 2);
    }

    private void shard(String file, String name, float value) {
        new SafetensorsWriter().add(name, Tensor.of(new float[] {value}, 1)).write(folder.resolve(file));
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(
                folder.resolve(CheckpointTensors.INDEX), "{\"metadata\":{},\"weight_map\":" + weightMap + "}");
    }

    private void assertRejected(String... parts) {
        assertThatThrownBy(() -> CheckpointTensors.open(folder).close())
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContainingAll(parts);
    }

    @Test
    void readsShards() throws Exception {
        index("{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}");
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            assertThat(tensors.names()).containsExactlyInAnyOrder("a", "b");
            assertThat(tensors.read("b").item()).isEqualTo(2);
            assertThat(tensors.bytes()).isEqualTo(8);
            assertThatThrownBy(() -> tensors.read("c")).hasMessageContaining("no tensor 'c'");
        }
    }

    @Test
    void readsARealShardedCheckpoint() {
        try (CheckpointTensors tensors =
                CheckpointTensors.open(TestPaths.testdata("safetensors").resolve("sharded"))) {
            assertThat(tensors.bytes()).isEqualTo(265920); // the index says so in metadata.total_size
            assertThat(tensors.contains("model.embed_tokens.weight")).isTrue();
            assertThat(tensors.metadata()).containsEntry("format", "pt");
        }
    }

    @Test
    void prefersTheSingleFileAndTakesAFile() {
        shard("model.safetensors", "whole", 3);
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            assertThat(tensors.names()).containsExactly("whole");
        }
        try (CheckpointTensors tensors = CheckpointTensors.open(folder.resolve("model-1.safetensors"))) {
            assertThat(tensors.names()).containsExactly("a");
        }
    }

    private void single(String... names) {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (String name : names) {
            writer.add(name, Tensor.of(new float[] {names.length}, 1));
        }
        writer.write(folder.resolve("model.safetensors"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.norm.weight,lm_head.weight",
                "_orig_mod.model.norm.weight,_orig_mod.lm_head.weight",
                "module.model.norm.weight,module.lm_head.weight",
                "module._orig_mod.model.norm.weight,module._orig_mod.lm_head.weight",
                "_orig_mod.module.model.norm.weight,_orig_mod.module.lm_head.weight",
                "base_model.model.model.norm.weight,base_model.model.lm_head.weight",
                "_fsdp_wrapped_module.model._fsdp_wrapped_module.norm.weight,_fsdp_wrapped_module.lm_head.weight",
                "model._orig_mod.norm.weight,lm_head.weight",
            })
    void namesWithoutWhatTrainingWrapsAroundThem(String stored) {
        single(stored.split(","));
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            assertThat(tensors.names()).containsExactlyInAnyOrder("model.norm.weight", "lm_head.weight");
            assertThat(tensors.readWeight("model.norm.weight").item()).isEqualTo(2);
            assertThat(tensors.info("lm_head.weight").name()).endsWith("lm_head.weight");
            assertThat(tensors.advice()).isEmpty();
        }
    }

    @Test
    void namesThatAreAmbiguousStayAndAdviceTellsWhatTheyAre() {
        single("module.norm.weight", "lm_head.weight");
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            assertThat(tensors.names()).containsExactlyInAnyOrder("module.norm.weight", "lm_head.weight");
            assertThat(tensors.advice())
                    .hasValueSatisfying(advice -> assertThat(advice).contains("module.", "data-parallel"));
        }
        single("_orig_mod.norm.weight", "norm.weight");
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            assertThat(tensors.names()).containsExactlyInAnyOrder("_orig_mod.norm.weight", "norm.weight");
            assertThat(tensors.advice())
                    .hasValueSatisfying(advice -> assertThat(advice).contains("_orig_mod.", "torch.compile"));
        }
        single("base_model.model.q_proj.base_layer.weight", "base_model.model.q_proj.lora_A.weight");
        try (CheckpointTensors tensors = CheckpointTensors.open(folder)) {
            assertThat(tensors.advice())
                    .hasValueSatisfying(advice -> assertThat(advice).contains("adapter", "merge"));
        }
    }

    @Test
    void aFolderWithAnAdapterAloneIsToldSo() {
        shard("adapter_model.safetensors", "base_model.model.q_proj.lora_A.weight", 1);
        assertRejected("holds an adapter", "Merge");
    }

    @Test
    void rejectsAFolderWithoutTensors() {
        assertRejected("neither model.safetensors nor model.safetensors.index.json");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"../secret.safetensors\"",
                "\"/etc/passwd\"",
                "\"sub/model.safetensors\"",
                "\"..\\\\model.safetensors\"",
                "\"C:model.safetensors\"",
                "\"..\"",
                "\".\"",
                "\"\"",
                "\"a\\u0000b\"",
                "5",
                "null"
            })
    void rejectsNamesThatLeadOutOfTheFolder(String name) throws Exception {
        index("{\"a\":" + name + "}");
        assertRejected("tensor 'a'", "not the name of a file in the same folder");
    }

    @Test
    void rejectsAMissingShard() throws Exception {
        index("{\"a\":\"model-1.safetensors\",\"b\":\"model-3.safetensors\"}");
        assertRejected("the shard model-3.safetensors is missing");
    }

    @Test
    void rejectsATensorThatIsElsewhere() throws Exception {
        index("{\"a\":\"model-2.safetensors\",\"b\":\"model-1.safetensors\"}");
        assertRejected("tensor 'a' should be in model-2.safetensors but is in model-1.safetensors");
    }

    @Test
    void rejectsATensorThatIsNowhere() throws Exception {
        index("{\"a\":\"model-1.safetensors\",\"c\":\"model-1.safetensors\"}");
        assertRejected("tensor 'c' should be in model-1.safetensors but is in no shard");
    }

    @Test
    void rejectsATensorInTwoShards() throws Exception {
        shard("model-2.safetensors", "a", 2);
        index("{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}");
        assertRejected("tensor 'a' is in two shards, model-1.safetensors and model-2.safetensors");
    }

    @Test
    void rejectsABrokenIndex() throws Exception {
        index("[]");
        assertRejected("no object 'weight_map'");
        index("{\"a\":\"model-1.safetensors\",\"a\":\"model-2.safetensors\"}");
        assertRejected("Duplicate field 'a'");
    }

    @Test
    void rejectsABrokenShard() throws Exception {
        Files.write(folder.resolve("model-2.safetensors"), new byte[20]);
        index("{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}");
        assertRejected("model-2.safetensors");
    }
}
