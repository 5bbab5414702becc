// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.scaling;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.List;

/**
 * One way to spend tokens while answering, at several prices.
 *
 * @param name such as {@code maj@k}
 * @param about one line on what is done
 * @param points from the cheapest on
 */
public record ScalingCurve(String name, String about, List<ScalingPoint> points) {
    public ScalingCurve {
        points = List.copyOf(points);
    }

    /** As JSON. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("name", name);
        json.put("about", about);
        ArrayNode all = json.putArray("points");
        points.forEach(point -> all.add(point.toJson()));
        return json;
    }
}
