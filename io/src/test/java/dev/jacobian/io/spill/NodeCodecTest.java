// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.ShortNode;
import dev.jacobian.io.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeCodecTest {
    @TempDir
    Path folder;

    private JsonNode through(JsonNode node) {
        try (SpillingList<JsonNode> list = new SpillingList<>(NodeCodec.INSTANCE, new Spill(0, folder))) {
            list.add(node);
            return list.get(0);
        }
    }

    @Test
    void aRowIsWhatItWasWithItsKindsOfNumbersAndItsOrder() {
        ObjectNode row = (ObjectNode) Json.parse("""
            {"z": "text", "a": [1, 2147483648, -1, 0.1, 1e300, true, false, null, [], {}, "\\ud83d\\ude00"],
             "nested": {"b": {"c": [[["deep"]]]}, "": "no name"}, "big": 123456789012345678901234567890}
            """, "test");
        row.set("float", FloatNode.valueOf(0.1f)); // as Parquet has them
        row.set("nan", FloatNode.valueOf(Float.NaN));
        row.set("decimal", DecimalNode.valueOf(new BigDecimal("1.2300")));
        row.set("short", ShortNode.valueOf((short) -3));
        row.set("binary", BinaryNode.valueOf(new byte[] {1, -2, 3}));
        row.set("integer", BigIntegerNode.valueOf(BigInteger.TWO.pow(70).negate()));
        JsonNode read = through(row);
        assertThat(read).isEqualTo(row);
        assertThat(List.copyOf(read.properties()))
                .extracting(
                        field -> field.getKey() + field.getValue().getClass().getSimpleName())
                .isEqualTo(row.properties().stream()
                        .map(field ->
                                field.getKey() + field.getValue().getClass().getSimpleName())
                        .toList());
        assertThat(read.get("decimal").decimalValue().scale()).isEqualTo(4);
        assertThat(read.toString()).isEqualTo(row.toString());
    }

    @Test
    void whatIsNoObjectIsKeptToo() {
        assertThat(through(MissingNode.getInstance())).isSameAs(MissingNode.getInstance());
        assertThat(through(Json.parse("[1]", "test"))).isEqualTo(Json.parse("[1]", "test"));
    }
}
