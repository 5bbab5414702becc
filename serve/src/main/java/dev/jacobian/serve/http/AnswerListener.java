// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

/** Hears of every request that was answered: for counting. */
@FunctionalInterface
public interface AnswerListener {
    /**
     * A request ended.
     *
     * @param route its route; empty if there is none for it
     * @param status of the response; 499 if the client went before it had one
     */
    void onAnswer(String route, int status);
}
