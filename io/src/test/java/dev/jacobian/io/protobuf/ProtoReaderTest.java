// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.protobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages of protobuf: the bytes of the format's own description, everything that is written is read, broken ones are refused. */
class ProtoReaderTest {
    /** Examples of the encoding guide at protobuf.dev: 150 in field 1, "testing" in field 2, 3, 270, 86942 packed in field 4. */
    @Test
    void theFormatsOwnExamples() {
        assertThat(new ProtoWriter().varint(1, 150).toBytes())
                .isEqualTo(HexFormat.of().parseHex("089601"));
        assertThat(new ProtoWriter().text(2, "testing").toBytes())
                .isEqualTo(HexFormat.of().parseHex("120774657374696e67"));
        ProtoReader packed = new ProtoReader(HexFormat.of().parseHex("2206038e029ea705"), "it");
        assertThat(packed.next()).isTrue();
        assertThat(packed.varints()).isEqualTo(List.of(3L, 270L, 86942L));
        assertThat(packed.next()).isFalse();
    }

    @Test
    void whatIsWrittenIsRead() {
        byte[] message = new ProtoWriter()
                .varint(1, -1)
                .number(2, 0.1)
                .number(3, 0.1f)
                .text(1000, "ä")
                .message(5, new ProtoWriter().varint(1, 7))
                .bytes(6, new byte[] {1, 2})
                .toBytes();
        ProtoReader in = new ProtoReader(message, "it");
        in.next();
        assertThat(in.varint()).isEqualTo(-1);
        in.next();
        assertThat(in.number64()).isEqualTo(0.1);
        in.next();
        assertThat(in.number32()).isEqualTo(0.1f);
        in.next();
        assertThat(in.field()).isEqualTo(1000);
        assertThat(in.text()).isEqualTo("ä");
        in.next();
        ProtoReader inner = in.message();
        inner.next();
        assertThat(inner.varint32()).isEqualTo(7);
        in.next();
        assertThat(in.bytes().remaining()).isEqualTo(2);
        assertThat(in.next()).isFalse();
    }

    /** A reader that skips everything. */
    private static int fields(byte[] message) {
        ProtoReader in = new ProtoReader(message, "the message");
        int count = 0;
        while (in.next()) {
            in.skip();
            count++;
        }
        return count;
    }

    @Test
    void everyCutIsNoticedOrEndsAField() {
        byte[] message = new ProtoWriter()
                .varint(1, 300)
                .text(2, "abc")
                .number(3, 1.0)
                .number(4, 1f)
                .toBytes();
        assertThat(fields(message)).isEqualTo(4);
        for (int length = 0; length < message.length; length++) {
            byte[] cut = Arrays.copyOf(message, length);
            if (List.of(0, 3, 8, 17).contains(length)) {
                assertThat(fields(cut)).isLessThan(4);
            } else {
                assertThatThrownBy(() -> fields(cut)).as(length + " bytes").isInstanceOf(FormatException.class);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00",
                "0b",
                "0e",
                "0a ff ff ff ff ff ff ff ff ff 01",
                "08 ff ff ff ff ff ff ff ff ff ff 01",
                "0a ff ff ff ff 0f 00"
            })
    void whatIsNoFieldIsRefused(String hex) {
        assertThatThrownBy(() -> fields(HexFormat.of().parseHex(hex.replace(" ", ""))))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("the message");
    }

    @Test
    void anotherKindOrNoUtf8IsRefused() {
        assertThatThrownBy(() -> {
                    ProtoReader in =
                            new ProtoReader(new ProtoWriter().text(1, "x").toBytes(), "it");
                    in.next();
                    in.varint();
                })
                .hasMessageContaining("field 1");
        assertThatThrownBy(() -> {
                    ProtoReader in = new ProtoReader(
                            new ProtoWriter().bytes(1, new byte[] {(byte) 0xff}).toBytes(), "it");
                    in.next();
                    in.text();
                })
                .hasMessageContaining("no UTF-8");
    }

    @Test
    void noiseIsReadOrRefusedAndNothingElse() {
        SplittableRandom random = new SplittableRandom(1);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] noise = new byte[random.nextInt(1, 40)];
            random.nextBytes(noise);
            try {
                assertThat(fields(noise)).isLessThanOrEqualTo(noise.length);
            } catch (FormatException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1000, 19_999);
    }
}
