// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.promptset.Distribution;
import dev.jacobian.rl.promptset.PromptSet;
import dev.jacobian.rl.promptset.PromptTool;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What the tools for sets of prompts share: they read rows, and write those that are kept. */
abstract class PromptToolCommand extends CliCommand {
    private static final int BAR = 40;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            required = true,
            description = "The new data, NAME.jsonl; the picture is NAME.svg beside it.")
    private Path out;

    @Option(names = "--all", description = "Write the other rows too; a column 'kept' says which is which.")
    private boolean all;

    PromptToolCommand(Streams streams) {
        super(streams);
    }

    /** The rows that are looked at. */
    abstract Rows rows();

    /** The tool with its settings. */
    abstract PromptTool tool(Rows data);

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void execute() {
        Rows data = DataOption.existing(rows());
        OutputFile.require(out);
        PromptSet.requireOther(data, out);
        PromptSet.Result result = PromptSet.run(tool(data), data, out, all);
        result.renamed()
                .forEach((name, other) -> streams()
                        .note("the data has a column '" + name + "', so what was measured is called '" + other + "'"));
        if (common().json()) {
            streams().json(json(result));
        } else {
            print(result);
        }
    }

    private ObjectNode json(PromptSet.Result result) {
        Distribution distribution = result.distribution();
        ObjectNode json = Json.object();
        json.put("tool", commandName());
        json.put("rows", distribution.rows());
        json.put("kept", distribution.kept());
        json.put("measure", distribution.measure());
        ObjectNode bins = json.putObject("distribution");
        distribution.bins().forEach(bin -> {
            ObjectNode counts = bins.putObject(bin.label());
            counts.put("rows", bin.rows());
            counts.put("kept", bin.kept());
        });
        json.put("out", result.out().toString());
        json.put("picture", result.picture().toString());
        return json;
    }

    private void print(PromptSet.Result result) {
        Distribution distribution = result.distribution();
        int most = distribution.bins().stream()
                .mapToInt(Distribution.Bin::rows)
                .max()
                .orElse(1);
        int width = distribution.bins().stream()
                .mapToInt(bin -> bin.label().length())
                .max()
                .orElse(1);
        streams().line(distribution.measure());
        for (Distribution.Bin bin : distribution.bins()) {
            streams()
                    .line("  " + bin.label() + " ".repeat(width - bin.label().length()) + "  "
                            + "#".repeat((int) Math.ceilDiv((long) BAR * bin.rows(), Math.max(1, most)))
                            + " " + bin.rows()
                            + (bin.kept() == bin.rows() ? "" : ", " + bin.kept() + " kept"));
        }
        streams()
                .line(distribution.kept() + " of " + distribution.rows() + " rows are kept: " + result.out()
                        + ", picture " + result.picture());
    }
}
