// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/** The bytes of a store as they are written: values in big-endian order, then the checksum of all of them. */
final class StoreOutput {
    static final byte[] MAGIC = {'J', 'A', 'C', 'G', 'R', 'O', 'U', 'P'};

    private final CRC32C checksum = new CRC32C();
    private final DataOutputStream out;

    /** Begins a file. */
    StoreOutput(FileChannel channel, int kind, int count) throws IOException {
        // not closed: the channel is the caller's
        out = new DataOutputStream(new BufferedOutputStream(
                new CheckedOutputStream(Channels.newOutputStream(channel), checksum), 1 << 16));
        out.write(MAGIC);
        out.writeInt(GroupStore.FORMAT);
        out.writeInt(kind);
        out.writeInt(count);
    }

    void truth(boolean value) throws IOException {
        out.writeBoolean(value);
    }

    void number(int value) throws IOException {
        out.writeInt(value);
    }

    void number(long value) throws IOException {
        out.writeLong(value);
    }

    /** Its very bits; {@code writeDouble} would make all NaNs one. */
    void number(double value) throws IOException {
        out.writeLong(Double.doubleToRawLongBits(value));
    }

    /** A text, exactly: a lone half of a surrogate pair, which UTF-8 has no bytes for, can stand in JSON. */
    void text(String value) throws IOException {
        boolean narrow = value.chars().allMatch(c -> c < 256);
        out.writeBoolean(narrow);
        out.writeInt(value.length());
        for (int i = 0; i < value.length(); i++) {
            if (narrow) {
                out.writeByte(value.charAt(i));
            } else {
                out.writeChar(value.charAt(i));
            }
        }
    }

    /** Without their number. */
    void ints(int[] values) throws IOException {
        for (int value : values) {
            out.writeInt(value);
        }
    }

    /** Without their number. */
    void floats(float[] values) throws IOException {
        for (float value : values) {
            out.writeInt(Float.floatToRawIntBits(value));
        }
    }

    /** Without their number. */
    void doubles(double[] values) throws IOException {
        for (double value : values) {
            number(value);
        }
    }

    /** Without their number. */
    void truths(boolean[] values) throws IOException {
        for (boolean value : values) {
            out.writeBoolean(value);
        }
    }

    /** Writes the checksum of all before it. */
    void end() throws IOException {
        out.flush();
        out.writeInt((int) checksum.getValue());
        out.flush();
    }
}
