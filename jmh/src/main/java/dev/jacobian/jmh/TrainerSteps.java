// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.tensor.Nullable;
import java.util.concurrent.Semaphore;

/** A trainer that runs in a thread of its own and stops at each logged step until the next call lets it go on. */
final class TrainerSteps {
    private final Semaphore go = new Semaphore(0);
    private final Semaphore done = new Semaphore(0);
    private volatile @Nullable Throwable failure;

    TrainerSteps(OfflineTrainer<?> trainer) {
        trainer.listener(TrainingListener.eachStep(metrics -> {
            done.release();
            go.acquireUninterruptibly();
        }));
        Thread thread = new Thread(() -> {
            go.acquireUninterruptibly();
            try {
                trainer.train();
            } catch (Throwable thrown) {
                failure = thrown;
                done.release();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    /** Up to the next logged step. */
    void next() {
        go.release();
        done.acquireUninterruptibly();
        if (failure != null) {
            throw new IllegalStateException("training failed", failure);
        }
    }
}
