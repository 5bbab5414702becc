// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.scaling;

import dev.jacobian.rl.judge.StepJudge;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Beam search over steps, led by a process reward model (Snell et al., arXiv 2408.03314): of several next steps of each beam those stay whose last
 * step is likeliest right.
 *
 * <pre>
 * first:  beams · expansions samples of a first step
 * then:   of all, ended ones among them, keep the best {@code beams}; sample {@code expansions} next steps of each that has not ended
 * answer: the best beam that has ended, else the best one
 * </pre>
 *
 * <p>Decisions: a step ends with the judge's separator. A beam keeps the score of its last step. Of equal scores the one that was drawn first
 * wins. Two beams with the same text are one. With one beam and one expansion it is plain sampling, step by step.
 *
 * @param attempts who answers what
 * @param judge scores steps
 * @param expansions next steps of each beam
 * @param maxSteps most steps
 * @param maxNewTokens most tokens of a beam
 */
public record StepBeamSearch(Attempts attempts, StepJudge judge, int expansions, int maxSteps, int maxNewTokens) {
    public StepBeamSearch {
        if (expansions < 1 || maxSteps < 1 || maxNewTokens < 1) {
            throw new IllegalArgumentException(
                    "a search over steps needs at least 1 expansion, 1 step and 1 token, got " + expansions + ", "
                            + maxSteps + " and " + maxNewTokens);
        }
    }

    /**
     * Searches of several widths.
     *
     * @param widths beams that are kept, each at least 1
     */
    public ScalingCurve widths(List<Integer> widths) {
        return new ScalingCurve(
                "beam",
                "beam search over steps by a process reward model, " + expansions + " next steps of each beam",
                widths.stream().map(this::point).toList());
    }

    /** A chain of steps. */
    private record Beam(int[] tokens, double score, FinishReason finish) {
        boolean isOpen() {
            return finish == FinishReason.STOP_STRING;
        }
    }

    /** Where a request comes from: a beam of a problem. */
    private record Origin(int problem, Beam beam) {}

    private ScalingPoint point(int width) {
        if (width < 1) {
            throw new IllegalArgumentException("a search keeps at least 1 beam, got " + width);
        }
        List<int[]> prompts = attempts.prompts();
        int problems = prompts.size();
        List<List<Beam>> beams = new ArrayList<>();
        for (int p = 0; p < problems; p++) {
            beams.add(List.of(new Beam(new int[0], 0, FinishReason.STOP_STRING)));
        }
        double[] tokens = new double[problems];
        for (int step = 0; step < maxSteps && anyOpen(beams); step++) {
            advance(prompts, beams, tokens, step, width);
        }
        List<Attempts.Answer> answers =
                beams.stream().map(StepBeamSearch::answer).toList();
        return attempts.point("beams = " + width, width, prompts, answers, tokens);
    }

    private static boolean anyOpen(List<List<Beam>> beams) {
        return beams.stream().flatMap(List::stream).anyMatch(Beam::isOpen);
    }

    /** One more step of all open beams, and the choice among what comes of it. */
    private void advance(List<int[]> prompts, List<List<Beam>> beams, double[] tokens, int step, int width) {
        List<Origin> origins = new ArrayList<>();
        List<GenerationRequest> requests = new ArrayList<>();
        for (int p = 0; p < beams.size(); p++) {
            List<Beam> own = beams.get(p);
            int wanted = step == 0 ? width * expansions : expansions;
            for (int b = 0; b < own.size(); b++) {
                if (own.get(b).isOpen()) {
                    int number = (step * width + b) * expansions; // each sample of a problem has its own
                    origins.add(new Origin(p, own.get(b)));
                    requests.add(request(p, prompts.get(p), own.get(b), number, wanted));
                }
            }
        }
        List<List<Generation>> generations = new Generator(attempts.model()).generate(requests);
        List<List<Beam>> grown = scored(origins, generations, tokens);
        for (int p = 0; p < beams.size(); p++) {
            List<Beam> candidates = new ArrayList<>(
                    beams.get(p).stream().filter(beam -> !beam.isOpen()).toList());
            for (int i = 0; i < origins.size(); i++) {
                if (origins.get(i).problem() == p) {
                    grown.get(i).forEach(beam -> addNew(candidates, beam));
                }
            }
            candidates.sort(Comparator.comparingDouble(beam -> -beam.score())); // stable
            beams.set(p, List.copyOf(candidates.subList(0, Math.min(width, candidates.size()))));
        }
    }

    private static void addNew(List<Beam> candidates, Beam beam) {
        if (candidates.stream().noneMatch(other -> Arrays.equals(other.tokens(), beam.tokens()))) {
            candidates.add(beam);
        }
    }

    private GenerationRequest request(int problem, int[] prompt, Beam beam, int sample, int samples) {
        return new GenerationRequest(
                new Prefix(
                        Attempts.joined(prompt, beam.tokens()),
                        Attempts.KEY_BASE + problem,
                        sample,
                        beam.tokens().length),
                samples,
                attempts.sampling()
                        .get()
                        .maxNewTokens(maxNewTokens)
                        .stopStrings(List.of(judge.separator()))
                        .build(),
                GenerationRequest.NEVER,
                RequestListener.NONE);
    }

    /** What the judge says of all chains that have grown, at once. */
    private List<List<Beam>> scored(List<Origin> origins, List<List<Generation>> generations, double[] tokens) {
        CompletionText texts = new CompletionText(attempts.model());
        List<String> prompts = new ArrayList<>();
        List<String> chains = new ArrayList<>();
        List<int[]> written = new ArrayList<>();
        for (int i = 0; i < origins.size(); i++) {
            Origin origin = origins.get(i);
            for (Generation generation : generations.get(i)) {
                int[] all = Attempts.joined(origin.beam().tokens(), generation.tokenIds());
                tokens[origin.problem()] += generation.tokenIds().length;
                written.add(all);
                prompts.add(attempts.problems().get(origin.problem()).prompt());
                chains.add(texts.of(all));
            }
        }
        double[] scores = judge.last(prompts, chains);
        List<List<Beam>> grown = new ArrayList<>();
        int at = 0;
        for (List<Generation> of : generations) {
            List<Beam> beams = new ArrayList<>();
            for (Generation generation : of) {
                boolean full = written.get(at).length >= maxNewTokens;
                FinishReason finish = generation.finishReason() == FinishReason.STOP_STRING && full
                        ? FinishReason.LENGTH
                        : generation.finishReason();
                beams.add(new Beam(written.get(at), scores[at], finish));
                at++;
            }
            grown.add(beams);
        }
        return grown;
    }

    private static Attempts.Answer answer(List<Beam> beams) {
        Beam best = IntStream.range(0, beams.size())
                .mapToObj(beams::get)
                .filter(beam -> beam.finish() == FinishReason.STOP)
                .findFirst()
                .orElse(beams.getFirst());
        return new Attempts.Answer(best.tokens(), best.isOpen() ? FinishReason.LENGTH : best.finish());
    }
}
