// SPDX-License-Identifier: Apache-2.0

/** Reinforcement learning for language models: objectives, advantages, rewards, tasks, metrics and the trainer. */
module dev.jacobian.rl {
    requires transitive dev.jacobian.transformer;
    requires transitive com.fasterxml.jackson.databind;
    requires transitive java.net.http;
    requires java.management;
    requires jdk.jfr;
    requires org.apfloat;

    exports dev.jacobian.rl;
    exports dev.jacobian.rl.advantage;
    exports dev.jacobian.rl.code;
    exports dev.jacobian.rl.config;
    exports dev.jacobian.rl.curriculum;
    exports dev.jacobian.rl.environment;
    exports dev.jacobian.rl.environment.catalog;
    exports dev.jacobian.rl.environment.game;
    exports dev.jacobian.rl.environment.openenv;
    exports dev.jacobian.rl.environment.tool;
    exports dev.jacobian.rl.episode;
    exports dev.jacobian.rl.evaluation;
    exports dev.jacobian.rl.judge;
    exports dev.jacobian.rl.learn;
    exports dev.jacobian.rl.long2short;
    exports dev.jacobian.rl.loop;
    exports dev.jacobian.rl.math;
    exports dev.jacobian.rl.method;
    exports dev.jacobian.rl.metric;
    exports dev.jacobian.rl.objective;
    exports dev.jacobian.rl.observe;
    exports dev.jacobian.rl.offline;
    exports dev.jacobian.rl.puzzle;
    exports dev.jacobian.rl.reasoninggym;
    exports dev.jacobian.rl.promptset;
    exports dev.jacobian.rl.recipe;
    exports dev.jacobian.rl.recipe.stage;
    exports dev.jacobian.rl.recipe.trace;
    exports dev.jacobian.rl.recorded;
    exports dev.jacobian.rl.remote;
    exports dev.jacobian.rl.report;
    exports dev.jacobian.rl.reproduction;
    exports dev.jacobian.rl.reproduction.claim;
    exports dev.jacobian.rl.reproduction.rig;
    exports dev.jacobian.rl.reward;
    exports dev.jacobian.rl.reward.catalog;
    exports dev.jacobian.rl.rollout;
    exports dev.jacobian.rl.rollout.store;
    exports dev.jacobian.rl.run;
    exports dev.jacobian.rl.sandbox;
    exports dev.jacobian.rl.scaling;
    exports dev.jacobian.rl.selection;
    exports dev.jacobian.rl.sft;
    exports dev.jacobian.rl.task;
    exports dev.jacobian.rl.task.catalog;
    exports dev.jacobian.rl.weights;
}
