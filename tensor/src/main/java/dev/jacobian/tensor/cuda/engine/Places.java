// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Where on the device integer arrays of the host are already, by the identity of the array: kernels that are given one read
 * the place. What the array itself holds is not looked at.
 */
public final class Places {
    private final Map<int[], View> views = new IdentityHashMap<>();
    private final Map<int[], GroupPlaces> groups = new IdentityHashMap<>();

    /**
     * Says where an array is.
     *
     * @throws IllegalArgumentException if it is somewhere already
     */
    public Places put(int[] array, View at) {
        if (views.put(array, at) != null) {
            throw new IllegalArgumentException(
                    "one integer array is given as two inputs, which may differ next time; give a copy as the second");
        }
        return this;
    }

    /** Says what knows the array's {@link RowGroups}. */
    public Places putGroups(int[] array, GroupPlaces known) {
        groups.put(array, known);
        return this;
    }

    /** Where {@link RowGroups} are that change with an array. */
    @FunctionalInterface
    public interface GroupPlaces {
        RowGroups get();
    }

    /** Where an array is, or null. */
    @Nullable
    View of(int[] array) {
        return views.get(array);
    }

    /** A part of an array: where that is placed, so is this. */
    int[] part(int[] array, int from, int to) {
        int[] part = Arrays.copyOfRange(array, from, to);
        View whole = views.get(array);
        if (whole != null) {
            views.put(part, new View(whole.array(), whole.offset() + from));
        }
        return part;
    }

    /**
     * The groups of an array that is placed, or null for another.
     *
     * @throws IllegalStateException if it is placed and nothing knows its groups: those of its contents would be wrong
     */
    @Nullable
    RowGroups groups(int[] array) {
        GroupPlaces known = groups.get(array);
        if (known == null && views.containsKey(array)) {
            throw new IllegalStateException("rows are added to a table by numbers that are only known on the device;"
                    + " use a whole array of the inputs, no part of it");
        }
        return known == null ? null : known.get();
    }
}
