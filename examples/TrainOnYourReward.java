import module dev.jacobian.rl;

void main() {
    CausalLM model = CausalLM.load(Path.of("models/countdown-0.6m"));
    RewardFunction brief = RewardFunction.named("brief", c -> Score.of(1.0 / c.tokenIds().length));
    Task task = new PromptTask("brief", List.of("3 7 15 = 36\n", "2 13 6 = 21\n"), brief);
    RlConfig config = RlConfig.builder().maxSteps(5).learningRate(1e-4).build();
    TrainingListener print =
            TrainingListener.eachStep(m -> IO.println("step " + m.step() + ": length " + m.get("completions/mean_length")));

    RlResult result = new RlTrainer(model, task, config).listener(print).train();

    IO.println("sampler and trainer differ by " + result.samplingLogpDifferenceMax());
    model.save(Path.of("out/brief"));
}
