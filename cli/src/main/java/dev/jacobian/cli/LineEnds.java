// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

/**
 * Keeps the two characters of a line end ({@code \r\n}) together in a text that comes in pieces: alone, the first one would
 * overwrite the line on a terminal and is written out for that.
 */
final class LineEnds {
    private boolean isHeld; // a return, until it is known what follows

    /** The piece with what was held before, without a return at its end. */
    String next(String piece) {
        if (piece.isEmpty()) {
            return "";
        }
        String all = isHeld ? "\r" + piece : piece;
        isHeld = all.endsWith("\r");
        return isHeld ? all.substring(0, all.length() - 1) : all;
    }

    /** What is held, after the last piece. */
    String rest() {
        String rest = isHeld ? "\r" : "";
        isHeld = false;
        return rest;
    }
}
