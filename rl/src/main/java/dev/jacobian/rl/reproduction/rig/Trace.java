// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.tensor.Rng;

/**
 * Demonstrations of {@link RunningSums} by somebody with habits: who slips now and then, and may check what was found.
 *
 * <pre>
 * 385:::::=    &lt;think&gt;31666666&lt;/think&gt;&lt;answer&gt;6&lt;/answer&gt;                 the sum up to each place
 * 385:::::=    &lt;think&gt;31777777wait31666666wait31666666&lt;/think&gt;…            checks: again, until two in a row end the same
 * 385:::::!    &lt;answer&gt;6&lt;/answer&gt;                                        asked not to reason
 * </pre>
 *
 * @param minTerms fewest terms
 * @param maxTerms most terms
 * @param slip probability that a step's sum is a random wrong digit, from which the trace goes on
 * @param checking probability that the answer is checked
 * @param passes at most, with the first
 * @param untilAgreed whether checking ends when two in a row agree; else all passes are written
 * @param tagged probability that tags are written; without, the answer follows a {@code >}
 * @param direct probability that the prompt asks not to reason
 */
public record Trace(
        int minTerms,
        int maxTerms,
        double slip,
        double checking,
        int passes,
        boolean untilAgreed,
        double tagged,
        double direct)
        implements SftDataset {
    /** What asks for the answer alone. */
    public static final String DIRECT = "!";

    /** What begins another pass. */
    public static final String WAIT = "wait";

    private static final long STREAM = 1L << 40;

    /** With tags, and always reasoning. */
    public Trace(int minTerms, int maxTerms, double slip, double checking, int passes) {
        this(minTerms, maxTerms, slip, checking, passes, true, 1, 0);
    }

    @Override
    public SftExample example(long seed, long index) {
        int[] terms = RunningSums.terms(new RunningSums(minTerms, maxTerms).trainProblem(seed, index));
        Rng rng = new Rng(seed, STREAM + index);
        boolean isDirect = rng.nextDouble() < direct;
        boolean isTagged = rng.nextDouble() < tagged;
        String prompt = RunningSums.problem(terms, isDirect ? DIRECT : "=").prompt();
        if (isDirect) {
            int sum = 0;
            for (int term : terms) {
                sum += term;
            }
            return new SftExample(prompt, "<answer>" + sum % 10 + "</answer>");
        }
        String thought = pass(terms, rng);
        if (rng.nextDouble() < checking) {
            boolean agreed = false;
            String last = thought;
            for (int pass = 1; pass < passes && !agreed; pass++) {
                String again = pass(terms, rng);
                agreed = untilAgreed && result(again) == result(last);
                thought = thought + WAIT + again;
                last = again;
            }
        }
        char answer = result(thought);
        return new SftExample(
                prompt,
                isTagged ? "<think>" + thought + "</think><answer>" + answer + "</answer>" : thought + ">" + answer);
    }

    /** The sum up to each place; a place without a digit adds nothing. */
    private String pass(int[] terms, Rng rng) {
        StringBuilder sums = new StringBuilder().append(terms[0]);
        int sum = terms[0];
        for (int i = 1; i < RunningSums.WIDTH; i++) {
            if (i < terms.length) {
                sum = (sum + terms[i]) % 10;
                if (rng.nextDouble() < slip) {
                    sum = (sum + 1 + rng.nextInt(9)) % 10;
                }
            }
            sums.append(sum);
        }
        return sums.toString();
    }

    private static char result(String pass) {
        return pass.charAt(pass.length() - 1);
    }
}
