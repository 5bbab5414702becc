// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file, read strictly.
 *
 * <p>Everything that the format's Rust reader checks is checked: lengths, types, shapes without overflow, sizes that
 * fit their shapes, tensors that follow each other without holes or overlaps up to the last byte. Beyond it: the header
 * must begin with '{', keys must not repeat (the format asks for both, the Rust reader tests neither), and there may be
 * no more than {@link #MAX_TENSORS} tensors.
 *
 * @param tensors the tensors by name, in the order of their bytes
 * @param metadata the strings of {@code __metadata__}
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
    static final long MAX_HEADER_BYTES = 100_000_000;
    static final int MAX_TENSORS = 1_000_000;
    static final String METADATA = "__metadata__";

    private static final String REFETCH = "The file is damaged or is not safetensors; fetch or write it again";

    /** Checks the length of a header, which the first eight bytes of a file give, before anything of it is read. */
    static int checkLength(long length, long fileBytes, String where) {
        if (length < 0 || length > MAX_HEADER_BYTES) {
            throw new SafetensorsException(
                    where,
                    "the header claims " + Long.toUnsignedString(length) + " bytes; at most " + MAX_HEADER_BYTES
                            + " are allowed",
                    REFETCH);
        }
        if (length > fileBytes - Long.BYTES) {
            throw new SafetensorsException(
                    where,
                    "the header claims " + length + " bytes, but the whole file has " + fileBytes,
                    "The file was cut short; fetch it again");
        }
        if (length < 2) {
            throw new SafetensorsException(where, "the header has " + length + " bytes; the least is '{}'", REFETCH);
        }
        return (int) length;
    }

    /**
     * @param utf8 the header's bytes
     * @param bufferBytes how many bytes follow it in the file
     */
    static SafetensorsHeader parse(ByteBuffer utf8, long bufferBytes, String where) {
        if (utf8.get(utf8.position()) != '{') {
            throw new SafetensorsException(where, "the header does not begin with '{'", REFETCH);
        }
        JsonNode json;
        try {
            json = Json.parse(utf8, where + ", header");
        } catch (FormatException e) {
            throw new SafetensorsException(e.where(), e.what(), REFETCH, e);
        }
        if (json.size() > MAX_TENSORS) {
            throw new SafetensorsException(
                    where,
                    "the header lists " + json.size() + " tensors; at most " + MAX_TENSORS + " are read",
                    REFETCH);
        }
        List<TensorInfo> infos = new ArrayList<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        json.properties().forEach(entry -> {
            if (entry.getKey().equals(METADATA)) {
                if (entry.getValue().isNull()) {
                    return; // metadata is optional, and the Rust reader takes a null for its absence
                }
                readMetadata(entry.getValue(), metadata, where);
            } else {
                infos.add(readInfo(entry.getKey(), entry.getValue(), where + ", tensor '" + entry.getKey() + "'"));
            }
        });
        // An empty tensor must come before the one that begins at the same place.
        infos.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        Map<String, TensorInfo> tensors = LinkedHashMap.newLinkedHashMap(infos.size());
        long end = 0;
        for (TensorInfo info : infos) {
            if (info.begin() != end) {
                throw new SafetensorsException(
                        where + ", tensor '" + info.name() + "'",
                        (info.begin() < end ? "overlaps the tensor before it" : "leaves a hole before it")
                                + ": it begins at " + info.begin() + ", the tensor before it ends at " + end,
                        REFETCH);
            }
            end = info.end();
            tensors.put(info.name(), info);
        }
        if (end != bufferBytes) {
            throw new SafetensorsException(
                    where,
                    end > bufferBytes
                            ? "the tensors need " + end + " bytes, but only " + bufferBytes + " follow the header"
                            : (bufferBytes - end) + " bytes that belong to no tensor follow the last one",
                    end > bufferBytes ? "The file was cut short; fetch it again" : REFETCH);
        }
        return new SafetensorsHeader(
                java.util.Collections.unmodifiableMap(tensors), java.util.Collections.unmodifiableMap(metadata));
    }

    private static void readMetadata(JsonNode json, Map<String, String> out, String where) {
        if (!json.isObject()) {
            throw new SafetensorsException(where + ", " + METADATA, "it is not an object of strings", REFETCH);
        }
        json.properties().forEach(entry -> {
            if (!entry.getValue().isTextual()) {
                throw new SafetensorsException(
                        where + ", " + METADATA, "the value of '" + entry.getKey() + "' is not a string", REFETCH);
            }
            out.put(entry.getKey(), entry.getValue().textValue());
        });
    }

    private static TensorInfo readInfo(String name, JsonNode json, String where) {
        if (!json.isObject() || json.size() != 3) {
            throw new SafetensorsException(where, "it needs exactly dtype, shape and data_offsets", REFETCH);
        }
        StoredType type = StoredType.named(json.path("dtype").asText())
                .orElseThrow(() -> new SafetensorsException(
                        where,
                        "the dtype " + Json.excerpt(json.path("dtype")) + " is not known",
                        "Known are " + List.of(StoredType.values())));
        List<Long> extents = longs(json.path("shape"), where + ", shape");
        List<Long> offsets = longs(json.path("data_offsets"), where + ", data_offsets");
        if (offsets.size() != 2 || offsets.get(1) < offsets.get(0)) {
            throw new SafetensorsException(
                    where, "data_offsets must be [begin, end] with begin <= end, found " + offsets, REFETCH);
        }
        TensorInfo info = new TensorInfo(name, type, extents, offsets.get(0), offsets.get(1));
        long bytes = sizeOf(type, extents, where);
        if (bytes != info.bytes()) {
            throw new SafetensorsException(
                    where,
                    "shape " + extents + " of " + type + " needs " + bytes + " bytes, data_offsets give it "
                            + info.bytes(),
                    REFETCH);
        }
        return info;
    }

    private static List<Long> longs(JsonNode json, String where) {
        if (!json.isArray()) {
            throw new SafetensorsException(where, "expected a list of integers, found " + Json.excerpt(json), REFETCH);
        }
        List<Long> out = new ArrayList<>(json.size());
        for (JsonNode element : json) {
            if (!element.isIntegralNumber() || !element.canConvertToLong() || element.longValue() < 0) {
                throw new SafetensorsException(
                        where, Json.excerpt(element) + " is not an integer from 0 to 2^63-1", REFETCH);
            }
            out.add(element.longValue());
        }
        return List.copyOf(out);
    }

    private static long sizeOf(StoredType type, List<Long> extents, String where) {
        long bits;
        try {
            // Element by element, as the Rust reader does: [2^62, 2^62, 0] overflows before the 0 comes.
            long elements = 1;
            for (long extent : extents) {
                elements = Math.multiplyExact(elements, extent);
            }
            bits = Math.multiplyExact(elements, type.bits());
        } catch (ArithmeticException e) {
            throw new SafetensorsException(
                    where, "the size of shape " + extents + " of " + type + " overflows 64 bits", REFETCH, e);
        }
        if (bits % 8 != 0) {
            throw new SafetensorsException(
                    where, "shape " + extents + " of " + type + " does not fill whole bytes", REFETCH);
        }
        return bits / 8;
    }
}
