// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Which page is whose, over two layers: on the host, so without a GPU. */
class PagedSequencesTest {
    private final PagedSequences sequences = new PagedSequences(2);

    private int begun(int tokens) {
        int handle = sequences.add();
        sequences.reserve(handle, tokens);
        sequences.lengthen(handle, tokens);
        return handle;
    }

    private int[] pages(int handle) {
        return sequences.table(new int[] {handle}, 1, sequences.longest(new int[] {handle}));
    }

    @Test
    void pagesAreTakenAsTokensCome() {
        int first = begun(17);
        int second = begun(1);
        assertThat(pages(first)).containsExactly(0, 1);
        assertThat(pages(second)).containsExactly(2);
        assertThat(sequences.slot(first, 16)).isEqualTo(16);
        assertThat(sequences.slot(second, 0)).isEqualTo(32);
        assertThat(sequences.made()).isEqualTo(3);
        assertThat(sequences.table(new int[] {second, first}, 3, 4))
                .as("shorter sequences and rows behind them end in zeros")
                .containsExactly(2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void aForkSharesFullPagesAndCopiesTheOneThatItWritesToOnceInEachLayer() {
        int parent = begun(20);
        int fork = sequences.fork(parent, 18);
        assertThat(sequences.areReady(new int[] {fork})).isTrue();
        sequences.reserve(fork, 1);
        assertThat(pages(fork)).containsExactly(0, 2);
        int[] both = {parent, fork};
        assertThat(sequences.withCopiesLeft(both)).containsExactly(fork);
        for (int layer = 0; layer < 2; layer++) {
            PagedSequences.Copies copies = sequences.takeCopies(layer, both);
            assertThat(copies.from()).containsExactly(1);
            assertThat(copies.to()).containsExactly(2);
            assertThat(sequences.takeCopies(layer, both).from()).isEmpty();
        }
        assertThat(sequences.withCopiesLeft(both)).isEmpty();
    }

    @Test
    void aPageComesBackWithItsLastUser() {
        int parent = begun(16);
        int fork = sequences.fork(parent, 16);
        sequences.reserve(fork, 1);
        sequences.release(parent);
        assertThat(begunPage()).as("the fork has the parent's page still").isEqualTo(2);
        sequences.release(fork);
        assertThat(new int[] {begunPage(), begunPage()}).containsExactlyInAnyOrder(0, 1);
        assertThatThrownBy(() -> sequences.length(fork)).hasMessageContaining("released");
    }

    private int begunPage() {
        return pages(begun(1))[0];
    }

    @Test
    void pagesThatAForkStillWaitsForStay() {
        int parent = begun(16);
        int fork = sequences.fork(parent, 16);
        sequences.release(parent);
        assertThat(begunPage()).isEqualTo(1);
        sequences.reserve(fork, 1);
        assertThat(pages(fork)).containsExactly(0, 2);
    }

    @Test
    void forksAreWrittenToAfterTheParentWhosePageTheyCopy() {
        int parent = sequences.add();
        int fork = sequences.fork(parent, 5);
        int ofFork = sequences.fork(fork, 6);
        int other = sequences.add();
        int[] handles = {ofFork, other, fork, parent};
        assertThat(sequences.waves(0, handles)).containsExactly(new int[] {1, 3}, new int[] {2}, new int[] {0});
        assertThat(sequences.areReady(handles)).isFalse();
        assertThatThrownBy(() -> sequences.reserve(fork, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a fork of 5 tokens is used before its parent holds them");
    }
}
