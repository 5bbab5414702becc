// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.weights;

import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * One byte of each of many numbers: the first plane has the lowest, the last plane the highest.
 *
 * <p>Decision: planes are deflated one by one, and only where that pays. After a step of training the high bytes of differences are nearly
 * all zero and the lowest are noise; noise is sent as it is, because trying to deflate it takes longer than sending it.
 *
 * @param form how the bytes are held
 * @param content the bytes in that form
 */
public record BytePlane(Form form, byte[] content) {
    /** How the bytes of a plane travel. */
    public enum Form {
        /** All are 0. */
        ZERO,
        /** As they are. */
        PLAIN,
        /** Deflated (RFC 1951). */
        DEFLATED
    }

    /** Bits of a byte above which it is taken for noise. */
    private static final double NOISE = 7.0;

    private static final byte[] NOTHING = {};

    /** The planes of numbers. */
    static List<BytePlane> of(int[] numbers, int width) {
        List<BytePlane> planes = new ArrayList<>();
        byte[] plane = new byte[numbers.length];
        for (int p = 0; p < width; p++) {
            for (int i = 0; i < numbers.length; i++) {
                plane[i] = (byte) (numbers[i] >>> 8 * p);
            }
            planes.add(of(plane));
        }
        return planes;
    }

    private static BytePlane of(byte[] bytes) {
        double bits = entropy(bytes);
        if (bits == 0 && (bytes.length == 0 || bytes[0] == 0)) {
            return new BytePlane(Form.ZERO, NOTHING);
        }
        byte[] shorter = bits > NOISE ? bytes : deflated(bytes);
        return shorter.length < bytes.length
                ? new BytePlane(Form.DEFLATED, shorter)
                : new BytePlane(Form.PLAIN, bytes.clone());
    }

    /** In bits per byte, as if each stood alone. */
    private static double entropy(byte[] bytes) {
        int[] counts = new int[256];
        for (byte value : bytes) {
            counts[value & 0xFF]++;
        }
        double sum = 0;
        for (int count : counts) {
            sum -= count == 0 ? 0 : count * Math.log((double) count / bytes.length);
        }
        return bytes.length == 0 ? 0 : sum / bytes.length / Math.log(2);
    }

    private static byte[] deflated(byte[] bytes) {
        Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
        try {
            deflater.setInput(bytes);
            deflater.finish();
            byte[] out = new byte[bytes.length];
            int length = 0;
            while (!deflater.finished() && length < out.length) {
                length += deflater.deflate(out, length, out.length - length);
            }
            return deflater.finished() ? Arrays.copyOf(out, length) : bytes; // else it is no shorter
        } finally {
            deflater.end();
        }
    }

    long bytes() {
        return 1L + (form == Form.DEFLATED ? Integer.BYTES : 0) + content.length;
    }

    void write(DataOutput out) throws IOException {
        out.writeByte(form.ordinal());
        if (form == Form.DEFLATED) {
            out.writeInt(content.length);
        }
        out.write(content);
    }

    static List<BytePlane> read(DataInputStream in, int width, int count) throws IOException {
        List<BytePlane> planes = new ArrayList<>();
        for (int p = 0; p < width; p++) {
            planes.add(read(in, count));
        }
        return planes;
    }

    private static BytePlane read(DataInputStream in, int count) throws IOException {
        int number = in.readUnsignedByte();
        if (number >= Form.values().length) {
            throw WeightPiece.broken("a plane of bytes has the form " + number);
        }
        Form form = Form.values()[number];
        int length = switch (form) {
            case ZERO -> 0;
            case PLAIN -> count;
            case DEFLATED -> in.readInt();
        };
        if (length < 0 || length > count) {
            throw WeightPiece.broken("a deflated plane of " + count + " bytes has " + length);
        }
        byte[] content = in.readNBytes(length); // grows as bytes come: no length is believed
        if (content.length < length) {
            throw new EOFException("a plane of bytes ends too soon");
        }
        return new BytePlane(form, content);
    }

    /** The numbers whose planes these are. */
    static int[] numbers(List<BytePlane> planes, int count) {
        int[] numbers = new int[count];
        for (int p = 0; p < planes.size(); p++) {
            BytePlane plane = planes.get(p);
            if (plane.form != Form.ZERO) {
                byte[] bytes = plane.unfolded(count);
                for (int i = 0; i < count; i++) {
                    numbers[i] |= (bytes[i] & 0xFF) << 8 * p;
                }
            }
        }
        return numbers;
    }

    private byte[] unfolded(int count) {
        if (form == Form.PLAIN) {
            return content;
        }
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(content);
            byte[] bytes = new byte[count + 1]; // one more shows that there is too much
            int length = 0;
            int more = 1;
            while (more > 0 && length < bytes.length) {
                more = inflater.inflate(bytes, length, bytes.length - length);
                length += more;
            }
            if (length != count || !inflater.finished()) {
                throw WeightPiece.broken("a plane does not unfold to " + count + " bytes");
            }
            return Arrays.copyOf(bytes, count);
        } catch (DataFormatException e) {
            throw WeightPiece.broken("a plane cannot be unfolded: " + e.getMessage());
        } finally {
            inflater.end();
        }
    }
}
