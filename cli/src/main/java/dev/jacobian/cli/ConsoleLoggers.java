// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Printable;
import dev.jacobian.tensor.Nullable;
import java.io.PrintStream;
import java.text.MessageFormat;
import java.util.ResourceBundle;

/** What the library logs, as notes of the command: a line each, as all else that is for the person who watches. */
public final class ConsoleLoggers extends System.LoggerFinder {
    private final PrintStream err;

    /** On standard error; for the service loader. */
    public ConsoleLoggers() {
        this(System.err);
    }

    ConsoleLoggers(PrintStream err) {
        this.err = err;
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Notes(name, err);
    }

    private record Notes(String name, PrintStream err) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level != Level.OFF && level.getSeverity() >= Level.INFO.getSeverity();
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, String message, @Nullable Throwable thrown) {
            print(level, message + (thrown == null ? "" : ": " + thrown));
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, String format, @Nullable Object... values) {
            if (isLoggable(level)) {
                print(level, values == null || values.length == 0 ? format : filled(format, values));
            }
        }

        private static String filled(String format, @Nullable Object[] values) {
            try {
                return MessageFormat.format(format, values);
            } catch (IllegalArgumentException asItIs) { // braces of something else
                return format;
            }
        }

        private void print(Level level, String message) {
            if (isLoggable(level)) {
                String kind = level == Level.INFO ? "" : level == Level.WARNING ? "warning: " : "error: ";
                err.println("jacobian: " + kind + Printable.of(message.replaceAll("\\s*\\R\\s*", " ")));
            }
        }
    }
}
