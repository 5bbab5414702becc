// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.parquet.Node.Leaf;
import dev.jacobian.parquet.codec.Codecs;
import dev.jacobian.parquet.encoding.Encodings;
import dev.jacobian.parquet.encoding.Hybrid;
import dev.jacobian.parquet.encoding.PlainValues;
import dev.jacobian.parquet.encoding.Slice;
import dev.jacobian.parquet.encoding.Values;
import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.Footer.Chunk;
import dev.jacobian.parquet.format.PageHeader;
import dev.jacobian.parquet.format.PhysicalType;
import dev.jacobian.parquet.format.Thrift;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Goes through the values of a column of a group of rows. In memory are its dictionary and the page that it is in; levels and values
 * are decoded as they are asked for, so that no count in a header makes anything be allocated.
 */
final class ColumnCursor {
    private static final int USUAL_HEADER = 1 << 10;
    private static final int LARGEST_HEADER = 1 << 20;

    private final ParquetFile file;
    private final Leaf leaf;
    private final Room room;
    private final Chunk chunk;
    private final int definitionWidth;
    private final int repetitionWidth;

    private long at; // of the next page in the file
    private final long end;
    private long left; // values that have not been gone to
    private int leftInPage;
    private long pageBytes; // of the page that is read
    private @Nullable Hybrid definitions;
    private @Nullable Hybrid repetitions;
    private @Nullable Values values;
    private @Nullable Hybrid places; // in the dictionary
    private List<JsonNode> dictionary = List.of();
    private boolean hasDictionary;

    private int definition;
    private int repetition;
    private boolean there; // whether it stands at a value, null or not

    /** Stands at the first value. */
    ColumnCursor(ParquetFile file, Leaf leaf, Chunk chunk, Room room) throws IOException {
        this.file = file;
        this.leaf = leaf;
        this.chunk = chunk;
        this.room = room;
        this.definitionWidth = Hybrid.width(leaf.definition());
        this.repetitionWidth = Hybrid.width(leaf.repetition());
        this.at = chunk.start();
        this.end = at + chunk.bytes();
        this.left = chunk.values();
        forward();
    }

    /** How much of the value's path is there. */
    int definition() {
        if (!there) {
            throw new Corrupt("the column ends before its rows do");
        }
        return definition;
    }

    /** At which level a new element begins with the value; 0 where a row does, and behind the last value. */
    int repetition() {
        return there ? repetition : 0;
    }

    /** Whether there is no value left. */
    boolean isAtEnd() {
        return !there;
    }

    /** The value, or null where it is not there, and goes on. */
    @Nullable
    JsonNode take() throws IOException {
        boolean isValue = definition() == leaf.definition();
        JsonNode value = isValue ? value() : null;
        forward();
        return value;
    }

    private JsonNode value() {
        if (places != null) {
            int place = places.next();
            if (place < 0 || place >= dictionary.size()) {
                throw new Corrupt("a value is number " + place + " of a dictionary of " + dictionary.size());
            }
            return dictionary.get(place);
        }
        Values own = values;
        if (own == null) {
            throw new Corrupt("a page has no values");
        }
        return LeafValues.next(leaf, own);
    }

    private void forward() throws IOException {
        there = left > 0;
        if (!there) {
            return;
        }
        while (leftInPage == 0) {
            page();
        }
        left--;
        leftInPage--;
        repetition = repetitions == null ? 0 : repetitions.next();
        definition = definitions == null ? 0 : definitions.next();
        if (repetition > leaf.repetition() || definition > leaf.definition()) {
            throw new Corrupt("a value's level is higher than the schema's");
        }
    }

    // Pages

    private void page() throws IOException {
        PageHeader header = header();
        if (header.stored() > end - at) {
            throw new Corrupt("a page goes on behind the end of its column");
        }
        room.give(pageBytes);
        pageBytes = 0;
        long bytes = Math.max(header.size(), header.stored());
        room.take(bytes);
        pageBytes = bytes;
        byte[] stored = file.read(at, header.stored());
        at += header.stored();
        if (header.crc().isPresent()) {
            CRC32 crc = new CRC32();
            crc.update(stored);
            if ((int) crc.getValue() != header.crc().getAsInt()) {
                throw new Corrupt("a page's checksum is not that of its bytes");
            }
        }
        switch (header.kind()) {
            case DATA -> data(header, stored);
            case DATA_V2 -> dataV2(header, stored);
            case DICTIONARY -> dictionary(header, stored);
            case INDEX -> {}
        }
    }

    /** Reads a header, of whose length nothing is known: usually short, longer where it has statistics of long texts. */
    private PageHeader header() throws IOException {
        for (int count = USUAL_HEADER; ; count *= 8) {
            int there = (int) Math.min(count, end - at);
            if (there <= 0) {
                throw new Corrupt("the column's pages end before its values do");
            }
            byte[] bytes = file.read(at, there);
            Thrift in = new Thrift(bytes, 0, there);
            try {
                PageHeader header = PageHeader.read(in);
                at += in.position();
                return header;
            } catch (Thrift.Short cut) {
                if (there < count || count >= LARGEST_HEADER) {
                    throw new Corrupt("a page's header has no end");
                }
            }
        }
    }

    private void data(PageHeader header, byte[] stored) {
        Slice page = Slice.of(Codecs.decompress(chunk.codec(), stored, 0, stored.length, header.size()));
        repetitions = null;
        definitions = null;
        if (repetitionWidth > 0) {
            requireRuns(header.repetitionEncoding());
            int length = page.int32(0);
            repetitions = new Hybrid(page.cut(Integer.BYTES, length), repetitionWidth);
            page = page.from(Integer.BYTES + length);
        }
        if (definitionWidth > 0) {
            requireRuns(header.definitionEncoding());
            int length = page.int32(0);
            definitions = new Hybrid(page.cut(Integer.BYTES, length), definitionWidth);
            page = page.from(Integer.BYTES + length);
        }
        values(header, page);
    }

    private static void requireRuns(int encoding) {
        if (encoding != PageHeader.RLE) {
            throw new Corrupt("levels have encoding " + encoding + ", which is not read");
        }
    }

    /** Of version 2 only the values are compressed. */
    private void dataV2(PageHeader header, byte[] stored) {
        Slice all = Slice.of(stored);
        Slice repetition = all.cut(0, header.repetitionBytes());
        Slice definition = all.cut(header.repetitionBytes(), header.definitionBytes());
        int levels = header.repetitionBytes() + header.definitionBytes();
        repetitions = repetitionWidth == 0 ? null : new Hybrid(repetition, repetitionWidth);
        definitions = definitionWidth == 0 ? null : new Hybrid(definition, definitionWidth);
        int size = header.size() - levels;
        if (size < 0) {
            throw new Corrupt("a page's levels are longer than the page");
        }
        boolean packed = header.compressed() && stored.length > levels;
        values(
                header,
                packed
                        ? Slice.of(Codecs.decompress(chunk.codec(), stored, levels, stored.length, size))
                        : all.from(levels));
    }

    private void values(PageHeader header, Slice page) {
        if (header.values() > left) {
            throw new Corrupt("its pages have more values than the column");
        }
        leftInPage = header.values();
        values = null;
        places = null;
        if (page.length() == 0) {
            return; // all are null
        }
        if (Encodings.isDictionary(header.encoding())) {
            if (!hasDictionary) {
                throw new Corrupt("a page needs a dictionary, and there is none");
            }
            places = new Hybrid(page.from(1), (int) page.number(0, 1));
        } else {
            values = Encodings.values(header.encoding(), page, leaf.type(), leaf.fixed());
        }
    }

    private void dictionary(PageHeader header, byte[] stored) {
        if (hasDictionary || !Encodings.isOfDictionary(header.encoding())) {
            throw new Corrupt(
                    hasDictionary ? "it has two dictionaries" : "its dictionary has encoding " + header.encoding());
        }
        Slice page = Slice.of(Codecs.decompress(chunk.codec(), stored, 0, stored.length, header.size()));
        boolean endless = leaf.type() == PhysicalType.FIXED_LEN_BYTE_ARRAY && leaf.fixed() == 0;
        if (header.values() > page.length() * 8L || endless && header.values() > 1) {
            throw new Corrupt("a dictionary of " + page.length() + " bytes claims " + header.values() + " values");
        }
        Values all = new PlainValues(page, leaf.type(), leaf.fixed());
        List<JsonNode> read = new ArrayList<>();
        for (int i = 0; i < header.values(); i++) {
            JsonNode value = LeafValues.next(leaf, all);
            room.take(LeafValues.size(value)); // stays to the end of the row group
            read.add(value);
        }
        dictionary = read;
        hasDictionary = true;
    }
}
