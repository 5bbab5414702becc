// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The rows of a command, from a file or a folder. */
final class DataOption {
    @Option(
            names = "--data",
            paramLabel = "PATH",
            description = "Rows: a file of JSON lines, JSON, CSV or Parquet, or a Hugging Face data-set folder"
                    + " (docs/data.md).")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--split",
            paramLabel = "NAME",
            description = "Part of a data-set folder, or SUBSET/NAME (default: train, or the only one).")
    private Optional<String> split = Optional.empty();

    @Option(
            names = "--column",
            paramLabel = "NAME=COLUMN",
            description = "What the data calls COLUMN is NAME, such as prompt=question; several times for several.")
    private Map<String, String> columns = new LinkedHashMap<>();

    /** Fails for an option that means nothing without data. */
    void check(CliCommand command) {
        if (data.isEmpty() && (split.isPresent() || !columns.isEmpty())) {
            throw command.usage((split.isPresent() ? "--split" : "--column") + " is about the rows of --data PATH");
        }
    }

    /** Whether there is data. */
    boolean isGiven() {
        return data.isPresent();
    }

    /** The rows, if the command line names any. */
    Optional<Rows> rows() {
        return data.map(path -> new Rows(path, split, columns));
    }

    /** The rows, which must lie where they are said to. */
    static Rows existing(Rows rows) {
        return existing(rows, "--data");
    }

    /** The same of another option. */
    static Rows existing(Rows rows, String option) {
        if (Files.isSymbolicLink(rows.path()) && !Files.exists(rows.path())) {
            throw new CliException(rows.path() + " is a link that leads to no file, or in a circle; " + option
                    + " takes a file of JSON lines, JSON, CSV or Parquet, or a data-set folder");
        }
        if (!Files.exists(rows.path())) {
            throw new CliException("no such file: " + rows.path() + "; " + option
                    + " takes a file of JSON lines, JSON, CSV or Parquet, or a data-set folder");
        }
        return rows;
    }
}
