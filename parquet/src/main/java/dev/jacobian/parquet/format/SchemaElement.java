// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.format;

import dev.jacobian.tensor.Nullable;
import java.util.Optional;

/**
 * A node of a file's schema, which is written as a list in the order of a depth-first walk.
 *
 * @param name of the column or group
 * @param type as values are stored; absent for a group
 * @param length in bytes, of a type of fixed length
 * @param repetition whether there may be none, one or several
 * @param children of a group
 * @param meaning what the values stand for
 */
public record SchemaElement(
        String name, Optional<PhysicalType> type, int length, Repetition repetition, int children, Meaning meaning) {

    /** How often a field is there. */
    public enum Repetition {
        REQUIRED,
        OPTIONAL,
        REPEATED
    }

    /** What a group or a stored value stands for. */
    public enum Kind {
        /** Itself. */
        NONE,
        STRING,
        LIST,
        MAP,
        DECIMAL,
        DATE,
        TIME_MILLIS,
        TIME_MICROS,
        TIME_NANOS,
        TIMESTAMP_MILLIS,
        TIMESTAMP_MICROS,
        TIMESTAMP_NANOS,
        UNSIGNED,
        UUID,
        FLOAT16
    }

    /**
     * A kind with what belongs to it.
     *
     * @param scale digits behind the point, of a decimal
     * @param utc whether a time is one of UTC rather than of a clock on some wall
     */
    public record Meaning(Kind kind, int scale, boolean utc) {
        static final Meaning NONE = new Meaning(Kind.NONE, 0, false);

        static Meaning of(Kind kind) {
            return new Meaning(kind, 0, true);
        }
    }

    /** What the fields of one element say, until all are read. */
    private static final class Draft {
        private String name = "";
        private @Nullable PhysicalType type;
        private int length;
        private Repetition repetition = Repetition.REQUIRED;
        private int children;
        private int scale;
        private int converted = -1;
        private @Nullable Meaning logical;
    }

    static SchemaElement read(Thrift in) {
        Draft draft = new Draft();
        in.struct((id, type) -> {
            switch (id) {
                case 1 -> draft.type = PhysicalType.of(in.i32());
                case 2 -> draft.length = in.i32();
                case 3 -> draft.repetition = repetition(in.i32());
                case 4 -> draft.name = in.string();
                case 5 -> draft.children = in.i32();
                case 6 -> draft.converted = in.i32();
                case 7 -> draft.scale = in.i32();
                case 10 -> draft.logical = logical(in);
                default -> {
                    return false;
                }
            }
            return true;
        });
        Meaning meaning = draft.logical != null ? draft.logical : converted(draft.converted, draft.scale);
        return new SchemaElement(
                draft.name, Optional.ofNullable(draft.type), draft.length, draft.repetition, draft.children, meaning);
    }

    private static Repetition repetition(int value) {
        if (value < 0 || value >= Repetition.values().length) {
            throw new Corrupt("a column's repetition is " + value + ", which there is not");
        }
        return Repetition.values()[value];
    }

    /** The meaning as old writers say it. */
    private static Meaning converted(int type, int scale) {
        return switch (type) {
            case 0, 4, 19 -> Meaning.of(Kind.STRING); // UTF8, ENUM, JSON
            case 1, 2 -> Meaning.of(Kind.MAP);
            case 3 -> Meaning.of(Kind.LIST);
            case 5 -> new Meaning(Kind.DECIMAL, scale, true);
            case 6 -> Meaning.of(Kind.DATE);
            case 7 -> Meaning.of(Kind.TIME_MILLIS);
            case 8 -> Meaning.of(Kind.TIME_MICROS);
            case 9 -> Meaning.of(Kind.TIMESTAMP_MILLIS);
            case 10 -> Meaning.of(Kind.TIMESTAMP_MICROS);
            case 11, 12, 13, 14 -> Meaning.of(Kind.UNSIGNED);
            default -> Meaning.NONE;
        };
    }

    /** The meaning as a union says it, of which one field is there. */
    private static Meaning logical(Thrift in) {
        Meaning[] meaning = {Meaning.NONE};
        in.struct((id, type) -> {
            switch (id) {
                case 1, 4, 12 -> meaning[0] = Meaning.of(Kind.STRING);
                case 2 -> meaning[0] = Meaning.of(Kind.MAP);
                case 3 -> meaning[0] = Meaning.of(Kind.LIST);
                case 6 -> meaning[0] = Meaning.of(Kind.DATE);
                case 14 -> meaning[0] = Meaning.of(Kind.UUID);
                case 15 -> meaning[0] = Meaning.of(Kind.FLOAT16);
                case 5 -> {
                    meaning[0] = new Meaning(Kind.DECIMAL, firstNumber(in), true);
                    return true;
                }
                case 7 -> {
                    meaning[0] = time(in, Kind.TIME_MILLIS);
                    return true;
                }
                case 8 -> {
                    meaning[0] = time(in, Kind.TIMESTAMP_MILLIS);
                    return true;
                }
                case 10 -> {
                    meaning[0] = integer(in);
                    return true;
                }
                default -> {}
            }
            return false;
        });
        return meaning[0];
    }

    private static int firstNumber(Thrift in) {
        int[] value = {0};
        in.struct((id, type) -> {
            if (id != 1) {
                return false;
            }
            value[0] = in.i32();
            return true;
        });
        return value[0];
    }

    /** @param millis the kind in milliseconds, behind which those in micro- and nanoseconds stand */
    private static Meaning time(Thrift in, Kind millis) {
        boolean[] utc = {false};
        int[] unit = {1};
        in.struct((id, type) -> {
            if (id == 1) {
                utc[0] = Thrift.bool(type);
                return true;
            }
            if (id != 2) {
                return false;
            }
            in.struct((of, inner) -> {
                unit[0] = of;
                return false;
            });
            return true;
        });
        if (unit[0] < 1 || unit[0] > 3) {
            throw new Corrupt("a time has unit " + unit[0] + ", which there is not");
        }
        return new Meaning(Kind.values()[millis.ordinal() + unit[0] - 1], 0, utc[0]);
    }

    private static Meaning integer(Thrift in) {
        boolean[] signed = {true};
        in.struct((id, type) -> {
            if (id == 2) {
                signed[0] = Thrift.bool(type);
            }
            return id == 2;
        });
        return signed[0] ? Meaning.NONE : Meaning.of(Kind.UNSIGNED);
    }
}
