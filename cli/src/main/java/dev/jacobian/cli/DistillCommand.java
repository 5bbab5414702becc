// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.offline.DistillationMethod;
import dev.jacobian.rl.offline.Gkd;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.Teaching;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian distill}. */
@Command(
        name = "distill",
        header = "Train a model to say what a larger one would.",
        description = {
            "gkd learns the teacher's distributions on the data's completions, on the student's own (lmbda) or on the"
                    + " teacher's (seq_kd); recorded on completions that somebody sampled before; on-policy lets the"
                    + " student sample and has the teachers' log-probabilities as rewards of its tokens.",
            "A row of --data has 'prompt' and 'completion', or 'messages' of which the last is learned; a 'prompt'"
                    + " alone where completions are sampled. A row of --rollouts has 'prompt_ids' and 'completion_ids'."
        })
final class DistillCommand extends OfflineCommand {
    private static final String TEACHER = "teacher";

    @Option(names = "--method", paramLabel = "NAME", description = "gkd, recorded or on-policy (default: gkd).")
    private Optional<String> method = Optional.empty();

    @Option(
            names = "--teacher",
            paramLabel = "DIR",
            description = "The teacher, a language model of the same tokenizer. on-policy takes several, separated by"
                    + " commas or one option each; the student's own folder is self-distillation.",
            split = ",")
    private List<Path> teachers = new ArrayList<>();

    @Option(
            names = "--rollouts",
            paramLabel = "FILE",
            description = "JSONL of recorded completions, 'prompt_ids' and 'completion_ids' a row, instead of --data.")
    private Optional<Path> rollouts = Optional.empty();

    DistillCommand(Streams streams) {
        super(streams, Gkd.DEFAULT);
    }

    @Override
    void checkUsage() {
        if (named().isEmpty()) {
            throw usage("--method '" + method.orElse("") + "' is unknown; use gkd, recorded or on-policy");
        }
        super.checkUsage();
        if (!resumes() && teachers.isEmpty()) {
            throw usage("distill needs --teacher DIR");
        }
    }

    private Optional<OfflineMethod<?>> named() {
        return method.isEmpty() ? savedMethod("distill") : subMethod("distill", method.get());
    }

    @Override
    OfflineMethod<?> usual() {
        return named().orElse(super.usual());
    }

    @Override
    Optional<Rows> givenData() {
        return rollouts.map(Rows::of).or(super::givenData);
    }

    @Override
    Map<String, String> furtherOptions(Map<String, String> saved) {
        if (!teachers.isEmpty()) {
            List<String> folders = teachers.stream()
                    .map(folder -> ModelOption.existing(folder, "--teacher"))
                    .map(folder -> folder.toAbsolutePath().normalize().toString())
                    .toList();
            saved.put(TEACHER, String.join(",", folders));
        }
        return saved;
    }

    @Override
    @SuppressWarnings("unchecked") // the examples of all these methods are completions
    <E> Optional<Teaching<E>> teaching(OfflineMethod<E> chosen, CausalLM trained, OfflineSettings run) {
        List<CausalLM> loaded = new ArrayList<>();
        for (String folder : run.options().getOrDefault(TEACHER, "").split(",")) {
            loaded.add(CausalLM.load(Path.of(folder), modelOptions(Path.of(folder))));
        }
        DistillationMethod distillation = (DistillationMethod) chosen;
        return Optional.of((Teaching<E>)
                distillation.teaching(trained, loaded, run.config().seed()));
    }
}
