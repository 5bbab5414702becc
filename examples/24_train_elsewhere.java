// SPDX-License-Identifier: Apache-2.0

import module java.base;
import module dev.jacobian.rl;
import module dev.jacobian.serve;

/**
 * 24: a training loop here, the weights elsewhere.
 *
 * <p>A server holds a model and lets clients train adapters of it; here both are in one program, and the client knows nothing but
 * an address. The loop samples, rewards every 7, and steps: REINFORCE on one screen. {@code jacobian serve --train} is such
 * a server; programs in other languages can train there too.
 */
class TrainElsewhere {
    void main() throws Exception {
        Path folder = Path.of("models/countdown-0.6m");
        AdapterSource none = new AdapterSource.Fresh(LoraConfig.allLinear(1, 1), 0); // marks the weights as ones that stay
        CausalLM base = CausalLM.load(folder, ModelOptions.DEFAULT, none);
        Path saved = Files.createTempDirectory("training");

        try (ModelServer server = ModelServer.of(base.withoutAdapter(), "countdown")
                        .training(base, TrainingConfig.in(saved))
                        .start(new InetSocketAddress("127.0.0.1", 0));
                ServiceClient client = new ServiceClient(
                        URI.create("http://127.0.0.1:" + server.address().getPort()), Optional.empty())) {
            TrainingClient model = client.createLoraTrainingClient("countdown", LoraOptions.ofRank(8).withSeed(1));
            int[] prompt = base.tokenizer().encode("3 7 15 = 36\n", false);
            for (int step = 0; step < 6; step++) {
                SamplingClient sampler = model.saveWeightsAndGetSamplingClient().join();
                List<Generation> samples = sampler.sample(prompt, 16, SamplingParams.of(16, step)).join();
                double[] sevens = samples.stream().mapToDouble(sample -> sevens(base, sample)).toArray();
                double mean = Arrays.stream(sevens).average().orElseThrow();
                IO.println("step %d: %.2f sevens".formatted(step, mean));
                List<Datum> batch = new ArrayList<>();
                for (int s = 0; s < sevens.length; s++) {
                    batch.add(Datum.of(prompt, samples.get(s).tokenIds())
                            .with("logprobs", samples.get(s).logProbs())
                            .with("advantages", (float) (sevens[s] - mean) / 100));
                }
                model.forwardBackward(batch, "importance_sampling"); // on its way while the next one is sent
                model.optimStep(AdamParams.DEFAULT.withLearningRate(3e-3)).join();
            }
            String path = model.saveState("final").join();
            IO.println("saved: " + path.replace(model.modelId(), "RUN"));
        }
    }

    private static double sevens(CausalLM model, Generation sample) {
        return model.tokenizer().decode(sample.tokenIds(), true).chars().filter(c -> c == '7').count();
    }
}

/* Prints:
step 0: 0.63 sevens
step 1: 2.00 sevens
step 2: 2.38 sevens
step 3: 3.38 sevens
step 4: 3.25 sevens
step 5: 3.94 sevens
saved: tinker://RUN/weights/final
*/
