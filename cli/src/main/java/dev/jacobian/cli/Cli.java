// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineMethods;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * The {@code jacobian} command as a function.
 *
 * <p>Decisions: nothing here or below ends the process or touches the standard streams of the JVM, so tests and other
 * programs can call it. Every failure is one line on {@code err} that begins with {@code jacobian: error:}; a stack trace is
 * printed with {@code --debug} only.
 */
public final class Cli {
    private Cli() {}

    /**
     * Runs one command.
     *
     * @param args the command line
     * @param in standard input
     * @param out receives results
     * @param err receives messages
     * @return 0 done, 1 failed, 2 wrong usage, 130 interrupted
     */
    public static int run(String[] args, InputStream in, PrintStream out, PrintStream err) {
        Failures failures = new Failures(err, Arrays.asList(args).contains("--debug"));
        try {
            checkDecoded(args);
            int code = commandLine(new Streams(in, out, err), failures, args).execute(args);
            out.flush();
            return code;
        } catch (Throwable thrown) { // an Error too: an OutOfMemoryError must not end in a stack trace
            return failures.report(thrown);
        }
    }

    private static CommandLine commandLine(Streams streams, Failures failures, String[] args) {
        CommandLine root = new CommandLine(new RootCommand());
        Map<String, Function<Streams, CliCommand>> commands = commands();
        if (args.length == 0 || !commands.containsKey(args[0])) {
            addMethods(commands, OfflineMethods.all());
        }
        // picocli reflects over every command that it knows, some 10 ms each in a fresh JVM: where one is named, that
        // one.
        if (args.length > 0 && commands.containsKey(args[0])) {
            commands.keySet().retainAll(Set.of(args[0]));
        }
        commands.forEach((name, make) -> {
            CliCommand command = make.apply(streams);
            CommandLine line = new CommandLine(command);
            command.subcommands().forEach(line::addSubcommand);
            root.addSubcommand(name, line);
        });
        return root.setOut(new PrintWriter(streams.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(streams.err(), true, StandardCharsets.UTF_8))
                .setExpandAtFiles(false) // a prompt may begin with @
                .setParameterExceptionHandler((exception, arguments) -> failures.reportUsage(exception))
                .setExecutionExceptionHandler((exception, command, parsed) -> failures.report(exception));
    }

    /** Every command under its name, in the order of the help. */
    private static Map<String, Function<Streams, CliCommand>> commands() {
        Map<String, Function<Streams, CliCommand>> commands = new LinkedHashMap<>();
        commands.put("rl", RlCommand::new);
        commands.put("recipe", RecipeCommand::new);
        commands.put("sft", SftCommand::new);
        commands.put("dpo", DpoCommand::new);
        commands.put("kto", KtoCommand::new);
        commands.put("distill", DistillCommand::new);
        commands.put("orpo", OrpoCommand::new);
        commands.put("prm", PrmCommand::new);
        commands.put("reward", RewardCommand::new);
        commands.put("cpo", CpoCommand::new);
        commands.put("bco", BcoCommand::new);
        commands.put("methods", MethodsCommand::new);
        commands.put("tasks", TasksCommand::new);
        commands.put("rewards", RewardsCommand::new);
        commands.put("score", ScoreCommand::new);
        commands.put("environments", EnvironmentsCommand::new);
        commands.put("eval", EvalCommand::new);
        commands.put("report", ReportCommand::new);
        commands.put("reproduce", ReproduceCommand::new);
        commands.put("prompts", PromptsCommand::new);
        commands.put("merge", MergeCommand::new);
        commands.put("long2short", Long2ShortCommand::new);
        commands.put("generate", GenerateCommand::new);
        commands.put("chat", ChatCommand::new);
        commands.put("serve", ServeCommand::new);
        commands.put("worker", WorkerCommand::new);
        commands.put("plan", PlanCommand::new);
        commands.put("logits", LogitsCommand::new);
        commands.put("tokenize", TokenizeCommand::new);
        commands.put("train-tokenizer", TrainTokenizerCommand::new);
        commands.put("convert", ConvertCommand::new);
        commands.put("inspect", InspectCommand::new);
        commands.put("doctor", DoctorCommand::new);
        return commands;
    }

    /** A command for each method for recorded data that none of these runs. */
    static void addMethods(Map<String, Function<Streams, CliCommand>> commands, List<OfflineMethod<?>> methods) {
        for (OfflineMethod<?> method : methods) {
            String command = method.name().split("-", 2)[0]; // reward-outcome is a method of reward
            commands.putIfAbsent(command, streams -> new MethodCommand(streams, method));
        }
    }

    /** Outside of a UTF-8 locale the JVM has already replaced what it could not decode; going on would be silent damage. */
    private static void checkDecoded(String[] args) {
        String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
        for (String arg : args) {
            if (arg.indexOf('\uFFFD') >= 0 && !encoding.equals("UTF-8")) {
                throw new ParameterException(
                        new CommandLine(new RootCommand()),
                        "an argument has characters that the locale's encoding (" + encoding
                                + ") lacks; set LC_ALL=C.UTF-8, or pass the text through standard input");
            }
        }
    }
}
