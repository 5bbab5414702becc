// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;

/**
 * 15: distillation.
 *
 * <p>A student of random weights learns what its teacher says, and how sure it is of every other token: whole distributions are compared, where
 * fine-tuning sees one token. The completions are the teacher's own, sampled as they are needed.
 */
class Distillation {
    void main() throws IOException {
        Path folder = Path.of("models/countdown-0.6m");
        CausalLM teacher = CausalLM.load(folder);
        CausalLM student = CausalLM.create(teacher.config(), Optional.of(folder), 1);
        List<String> prompts = IntStream.range(0, 64)
                .mapToObj(i -> "{\"prompt\": \"3 7 %d = %d\\n\"}".formatted(i % 15 + 1, i + 20))
                .toList();
        Path data = Files.write(Files.createDirectories(Path.of("out")).resolve("prompts.jsonl"), prompts);

        Given settings = new Given()
                .set("seq_kd", true, "here") // completions are the teacher's
                .set("lmbda", 0.0, "here") // never the student's: it says nothing yet
                .set("beta", 0.0, "here") // KL(teacher to student)
                .set("max_steps", 20, "here")
                .set("learning_rate", 2e-3, "here");
        OfflineConfig config = OfflineConfig.of(Gkd.DEFAULT).with(settings);
        Gkd method = (Gkd) config.method();
        Examples<Completed> examples = Examples.read(method, student, config, data, false);
        new OfflineTrainer<>(student, method, examples, config, method.teaching(student, List.of(teacher), config.seed()))
                .listener(TrainingListener.eachStep(m -> {
                    if (m.step() % 5 == 0) {
                        IO.println("step %d: %.1f nats from the teacher".formatted(m.step(), m.get("loss")));
                    }
                }))
                .train();

        student.save(Path.of("out/student"));
    }
}

/* Prints:
step 5: 4.6 nats from the teacher
step 10: 3.6 nats from the teacher
step 15: 3.2 nats from the teacher
step 20: 3.0 nats from the teacher
*/
