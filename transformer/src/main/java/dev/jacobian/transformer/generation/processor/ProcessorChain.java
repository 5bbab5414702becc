// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import java.util.List;

/** Processors one after the other. */
record ProcessorChain(List<LogitsProcessor> processors) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        for (LogitsProcessor processor : processors) {
            processor.process(tokens, logits);
        }
    }

    @Override
    public LogitsProcessor newSequence() {
        return new ProcessorChain(
                processors.stream().map(LogitsProcessor::newSequence).toList());
    }

    @Override
    public LogitsProcessor fork() {
        return new ProcessorChain(processors.stream().map(LogitsProcessor::fork).toList());
    }

    @Override
    public void accept(int token) {
        for (LogitsProcessor processor : processors) {
            processor.accept(token);
        }
    }
}
