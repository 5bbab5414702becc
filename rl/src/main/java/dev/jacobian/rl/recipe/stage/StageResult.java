// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a stage has done, as {@code stage.json} has it. Immutable: each method returns a copy with more in it.
 *
 * <pre>{@code
 * StageResult.EMPTY.figure("pass@1_after", 0.61).product("model", ".").curve("reward", curve);
 * }</pre>
 *
 * @param figures numbers and texts by name, in the order in which they are shown
 * @param products paths relative to the stage's folder, by name; {@code .} is the folder itself
 * @param curves what was measured step by step
 * @param samples completions worth showing
 */
public record StageResult(
        Map<String, JsonNode> figures, Map<String, String> products, Map<String, Curve> curves, List<Sample> samples) {
    /** Nothing yet. */
    public static final StageResult EMPTY = new StageResult(Map.of(), Map.of(), Map.of(), List.of());

    /**
     * Copies everything.
     *
     * @throws IllegalArgumentException if a product lies outside the stage's folder
     */
    public StageResult {
        figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
        products = Collections.unmodifiableMap(new LinkedHashMap<>(products));
        curves = Collections.unmodifiableMap(new LinkedHashMap<>(curves));
        samples = List.copyOf(samples);
        for (Map.Entry<String, String> product : products.entrySet()) {
            Path path = Path.of(product.getValue()).normalize();
            if (path.isAbsolute() || path.startsWith("..")) {
                throw new IllegalArgumentException("the product '" + product.getKey() + "' must lie in the stage's"
                        + " folder, got '" + product.getValue() + "'");
            }
        }
    }

    /** With a number; one that is not finite is left out. */
    public StageResult figure(String name, double value) {
        return Double.isFinite(value) ? figure(name, DoubleNode.valueOf(value)) : this;
    }

    /** With a whole number. */
    public StageResult figure(String name, long value) {
        return figure(name, LongNode.valueOf(value));
    }

    /** With a text. */
    public StageResult figure(String name, String text) {
        return figure(name, TextNode.valueOf(text));
    }

    private StageResult figure(String name, JsonNode value) {
        Map<String, JsonNode> more = new LinkedHashMap<>(figures);
        more.put(name, value);
        return new StageResult(more, products, curves, samples);
    }

    /** With a product: a path relative to the stage's folder. */
    public StageResult product(String name, String path) {
        Map<String, String> more = new LinkedHashMap<>(products);
        more.put(name, path);
        return new StageResult(figures, more, curves, samples);
    }

    /** With a curve; one without points is left out. */
    public StageResult curve(String name, Curve curve) {
        if (curve.steps().isEmpty()) {
            return this;
        }
        Map<String, Curve> more = new LinkedHashMap<>(curves);
        more.put(name, curve);
        return new StageResult(figures, products, more, samples);
    }

    /** With more samples. */
    public StageResult samples(List<Sample> some) {
        List<Sample> more = new ArrayList<>(samples);
        more.addAll(some);
        return new StageResult(figures, products, curves, more);
    }

    /** With everything of another. */
    public StageResult and(StageResult other) {
        Map<String, JsonNode> allFigures = new LinkedHashMap<>(figures);
        allFigures.putAll(other.figures);
        Map<String, String> allProducts = new LinkedHashMap<>(products);
        allProducts.putAll(other.products);
        Map<String, Curve> allCurves = new LinkedHashMap<>(curves);
        allCurves.putAll(other.curves);
        return new StageResult(allFigures, allProducts, allCurves, samples).samples(other.samples);
    }

    /**
     * A number.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public double number(String name) {
        JsonNode value = figures.get(name);
        if (value == null || !value.isNumber()) {
            throw new IllegalArgumentException("there is no number '" + name + "' among " + figures.keySet());
        }
        return value.doubleValue();
    }

    /**
     * Where a product is.
     *
     * @param folder the stage's
     * @throws IllegalArgumentException if there is none of that name
     */
    public Path product(Path folder, String name) {
        String path = products.get(name);
        if (path == null) {
            throw new IllegalArgumentException("the stage in " + folder + " has no product '" + name + "' but "
                    + String.join(", ", products.keySet()));
        }
        return folder.resolve(path).normalize();
    }
}
