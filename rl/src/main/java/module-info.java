// SPDX-License-Identifier: Apache-2.0

/** Reinforcement learning for language models: objectives, advantages, rewards, tasks, metrics and the trainer. */
module dev.jacobian.rl {
    requires transitive dev.jacobian.transformer;

    exports dev.jacobian.rl.advantage;
    exports dev.jacobian.rl.arithmetic;
    exports dev.jacobian.rl.metric;
    exports dev.jacobian.rl.objective;
    exports dev.jacobian.rl.reward;
    exports dev.jacobian.rl.task;
}
