// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import static dev.jacobian.tensor.KvCache.PAGE;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.reference.SequenceTable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which pages each sequence of a cache has, by number. The numbers are the same in every layer.
 *
 * <p>Decision: pages are counted, not copied, when a sequence forks; only the page that it will write to is copied, in each
 * layer when that layer is first written to. Until all layers have, the page that is copied has one user more.
 */
final class PagedSequences {
    private final int layers;
    private final SequenceTable<Sequence> sequences = new SequenceTable<>();
    private final ArrayDeque<Integer> free = new ArrayDeque<>();
    private int[] users = new int[64]; // of each page
    private int made;

    private static final class Sequence {
        @Nullable
        Sequence parent; // of a fork that is not complete yet: whose pages it takes over, or one of them as a copy

        int length;
        boolean attached; // whether they were
        boolean awaited; // whether a fork has not taken over this one's pages yet
        int[] pages = {};
        int pageCount;
        int copiedFrom = -1; // the parent's page that this one's page copiedTo begins as
        int copiedTo = -1;
        final BitSet layersWithCopy = new BitSet();

        Sequence(@Nullable Sequence parent, int length) {
            this.parent = parent;
            this.length = length;
        }
    }

    /** Pages that begin as copies of others: {@code to[i]} of {@code from[i]}. */
    record Copies(int[] from, int[] to) {}

    PagedSequences(int layers) {
        this.layers = layers;
    }

    int add() {
        return sequences.add(new Sequence(null, 0));
    }

    int fork(int parentHandle, int length) {
        Sequence parent = sequence(parentHandle);
        Sequence fork = new Sequence(parent, length);
        if (parent.attached && parent.length >= length) {
            attach(fork);
        } else {
            parent.awaited = true;
        }
        return sequences.add(fork);
    }

    private Sequence sequence(int handle) {
        return sequences.get(handle);
    }

    void release(int handle) {
        Sequence sequence = sequence(handle);
        // A fork that has not been appended to yet still wants its parent's pages: they stay until the cache ends.
        boolean wanted =
                sequence.awaited && sequences.all().anyMatch(other -> other.parent == sequence && !other.attached);
        for (int p = 0; p < sequence.pageCount && !wanted; p++) {
            letGo(sequence.pages[p]);
        }
        if (hasCopiesLeft(sequence)) {
            letGo(sequence.copiedFrom);
        }
        sequences.remove(handle);
    }

    private void letGo(int page) {
        if (--users[page] == 0) {
            free.push(page);
        }
    }

    private boolean hasCopiesLeft(Sequence sequence) {
        return sequence.copiedTo >= 0 && sequence.layersWithCopy.cardinality() < layers;
    }

    int length(int handle) {
        return sequence(handle).length;
    }

    void lengthen(int handle, int tokens) {
        sequence(handle).length += tokens;
    }

    /** Pages that were ever taken: a layer's memory has room for as many. */
    int made() {
        return made;
    }

    /** Pages that some sequence has. */
    int used() {
        return made - free.size();
    }

    /** Pages of the sequence that has most. */
    int longest(int[] handles) {
        return Arrays.stream(handles)
                .map(handle -> sequence(handle).pageCount)
                .max()
                .orElse(0);
    }

    /** Page numbers of some sequences, [rows, longest], those of shorter ones and of rows behind them followed by zeros. */
    int[] table(int[] handles, int rows, int longest) {
        int[] table = new int[Math.multiplyExact(rows, longest)];
        for (int s = 0; s < handles.length; s++) {
            Sequence sequence = sequence(handles[s]);
            if (sequence.attached) {
                System.arraycopy(sequence.pages, 0, table, s * longest, sequence.pageCount);
            }
        }
        return table;
    }

    /** Where a token at a position goes, among the places of all pages. */
    int slot(int handle, int position) {
        return sequence(handle).pages[position / PAGE] * PAGE + position % PAGE;
    }

    /** Whether no sequence waits for tokens that its parent gets at the same time. */
    boolean areReady(int[] handles) {
        return Arrays.stream(handles)
                .mapToObj(this::sequence)
                .allMatch(sequence -> sequence.attached
                        || sequence.parent == null
                        || (sequence.parent.attached && sequence.parent.length >= sequence.length));
    }

    /**
     * Indices of handles in groups that are written to one after the other: forks come after the sequences whose page they copy.
     */
    List<int[]> waves(int layer, int[] handles) {
        List<int[]> waves = new ArrayList<>();
        List<Integer> left =
                new ArrayList<>(IntStream.range(0, handles.length).boxed().toList());
        while (!left.isEmpty()) {
            int[] wave = left.stream()
                    .mapToInt(Integer::intValue)
                    .filter(s -> isComplete(sequence(handles[s]), layer) || !waitsFor(left, handles, handles[s]))
                    .toArray();
            waves.add(wave);
            if (wave.length == left.size()) {
                break; // the usual case
            }
            left.removeAll(Arrays.stream(wave).boxed().toList());
        }
        return waves;
    }

    private static boolean isComplete(Sequence sequence, int layer) {
        return sequence.parent == null
                || (sequence.attached && (sequence.copiedTo < 0 || sequence.layersWithCopy.get(layer)));
    }

    private boolean waitsFor(List<Integer> left, int[] handles, int fork) {
        Sequence parent = sequence(fork).parent;
        return left.stream().anyMatch(s -> sequence(handles[s]) == parent);
    }

    /** Makes room for so many tokens more; a fork is given its parent's pages first. */
    void reserve(int handle, int tokens) {
        Sequence sequence = sequence(handle);
        if (!sequence.attached) {
            attach(sequence);
        }
        grow(sequence, Math.ceilDiv(sequence.length + tokens, PAGE));
    }

    /** Those of the handles with a page that some layer has not copied yet. */
    int[] withCopiesLeft(int[] handles) {
        return Arrays.stream(handles)
                .filter(handle -> hasCopiesLeft(sequence(handle)))
                .toArray();
    }

    /** What a layer has to copy now for these sequences; it is not said again. */
    Copies takeCopies(int layer, int[] handles) {
        int[] due = Arrays.stream(handles)
                .filter(handle -> !isComplete(sequence(handle), layer))
                .toArray();
        for (int handle : due) {
            Sequence sequence = sequence(handle);
            sequence.layersWithCopy.set(layer);
            if (!hasCopiesLeft(sequence)) {
                letGo(sequence.copiedFrom); // to be overwritten after this copy at the earliest: a device keeps the
                // order
                sequence.parent = null;
            }
        }
        return new Copies(
                Arrays.stream(due).map(handle -> sequence(handle).copiedFrom).toArray(),
                Arrays.stream(due).map(handle -> sequence(handle).copiedTo).toArray());
    }

    private void attach(Sequence sequence) {
        int pages = Math.ceilDiv(sequence.length, PAGE);
        sequence.attached = true;
        sequence.pages = new int[Math.max(4, pages)];
        if (pages == 0) {
            sequence.parent = null;
            return;
        }
        Sequence parent = sequence.parent;
        if (parent == null || !parent.attached || parent.pageCount < pages) {
            throw new IllegalStateException(
                    "a fork of " + sequence.length + " tokens is used before its parent holds them");
        }
        int shared = sequence.length / PAGE;
        for (int p = 0; p < shared; p++) {
            sequence.pages[p] = parent.pages[p];
            users[parent.pages[p]]++;
        }
        sequence.pageCount = shared;
        if (shared < pages) {
            sequence.copiedFrom = parent.pages[shared];
            users[sequence.copiedFrom]++;
            grow(sequence, pages);
            sequence.copiedTo = sequence.pages[shared];
        } else {
            sequence.parent = null;
        }
    }

    private void grow(Sequence sequence, int pages) {
        if (pages > sequence.pages.length) {
            sequence.pages = Arrays.copyOf(sequence.pages, Math.max(pages, 2 * sequence.pages.length));
        }
        while (sequence.pageCount < pages) {
            sequence.pages[sequence.pageCount++] = takePage();
        }
    }

    private int takePage() {
        int page = free.isEmpty() ? made++ : free.pop();
        if (page >= users.length) {
            users = Arrays.copyOf(users, 2 * users.length);
        }
        users[page] = 1;
        return page;
    }
}
