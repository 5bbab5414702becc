// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.format;

import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.List;

/**
 * What stands at the end of a file: its schema and where its columns are.
 *
 * @param schema in the order of a depth-first walk, the root first
 * @param rows of all groups
 * @param groups of rows, one behind the other
 */
public record Footer(List<SchemaElement> schema, long rows, List<RowGroup> groups) {

    /**
     * Some rows, column by column.
     *
     * @param columns in the order of the schema's leaves
     * @param rows of each column
     */
    public record RowGroup(List<Chunk> columns, long rows) {}

    /**
     * A column of a group of rows: pages one behind the other.
     *
     * @param type of the stored values
     * @param path names from below the root to the leaf
     * @param codec number of the compression
     * @param values stored, nulls and empty lists included
     * @param bytes of all pages as they lie in the file
     * @param dataPage where the first page of values begins
     * @param dictionaryPage where the dictionary begins; 0 for none
     */
    public record Chunk(
            PhysicalType type,
            List<String> path,
            int codec,
            long values,
            long bytes,
            long dataPage,
            long dictionaryPage) {
        /** Where the first page of any kind begins. */
        public long start() {
            return dictionaryPage > 0 && dictionaryPage < dataPage ? dictionaryPage : dataPage;
        }
    }

    /** Reads the structure in {@code bytes}. */
    public static Footer read(byte[] bytes) {
        Thrift in = new Thrift(bytes, 0, bytes.length);
        FooterDraft draft = new FooterDraft();
        try {
            in.struct((id, type) -> {
                switch (id) {
                    case 2 -> draft.schema = in.list(() -> SchemaElement.read(in));
                    case 3 -> draft.rows = in.i64();
                    case 4 -> draft.groups = in.list(() -> group(in));
                    default -> {
                        return false;
                    }
                }
                return true;
            });
        } catch (Thrift.Short cut) {
            throw new Corrupt("its footer is cut short");
        }
        return new Footer(draft.schema, draft.rows, draft.groups);
    }

    /** What is known of a footer until all of it is read. */
    private static final class FooterDraft {
        private List<SchemaElement> schema = List.of();
        private List<RowGroup> groups = List.of();
        private long rows;
    }

    private static RowGroup group(Thrift in) {
        List<List<Chunk>> columns = new ArrayList<>(List.of(List.of()));
        long[] rows = {0};
        in.struct((id, type) -> {
            switch (id) {
                case 1 -> columns.set(0, in.list(() -> chunk(in)));
                case 3 -> rows[0] = in.i64();
                default -> {
                    return false;
                }
            }
            return true;
        });
        return new RowGroup(columns.getFirst(), rows[0]);
    }

    private static Chunk chunk(Thrift in) {
        ChunkDraft draft = new ChunkDraft();
        in.struct((id, type) -> {
            switch (id) {
                case 1 -> throw new Corrupt("a column lies in another file, '" + in.string() + "', which is not read");
                case 3 -> in.struct((inner, innerType) -> draft.field(in, inner));
                default -> {
                    return false;
                }
            }
            return true;
        });
        if (draft.type == null) {
            throw new Corrupt("a column does not say where it lies");
        }
        return new Chunk(
                draft.type, draft.path, draft.codec, draft.values, draft.bytes, draft.dataPage, draft.dictionaryPage);
    }

    /** What is known of a column until all of it is read. */
    private static final class ChunkDraft {
        private @Nullable PhysicalType type;
        private List<String> path = List.of();
        private int codec;
        private long values;
        private long bytes;
        private long dataPage;
        private long dictionaryPage;

        private boolean field(Thrift in, int id) {
            switch (id) {
                case 1 -> type = PhysicalType.of(in.i32());
                case 3 -> path = in.list(in::string);
                case 4 -> codec = in.i32();
                case 5 -> values = in.i64();
                case 7 -> bytes = in.i64();
                case 9 -> dataPage = in.i64();
                case 11 -> dictionaryPage = in.i64();
                default -> {
                    return false;
                }
            }
            return true;
        }
    }
}
