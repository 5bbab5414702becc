// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.cuda.emulation.FakeDriverBuild;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Renaming what a library needs, on JCuda's own natives, and what damage does: an exception with a reason, nothing worse. */
class ElfTest {
    private static final String CUBLAS = "libJCublas2-12.6.0-linux-x86_64.so";
    private static final String OLD = "libcublas.so.12";
    private static final String NEW = "libcublas.so.13";

    /** Offset of the dynamic section in that file. */
    private static final int DYNAMIC_SECTION = 0x152438;

    @TempDir
    private Path folder;

    private static byte[] natives() throws IOException {
        return FakeDriverBuild.natives(CUBLAS);
    }

    private static int count(byte[] bytes, String name) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int count = 0;
        String whole = '\0' + name + '\0'; // symbols for debuggers end in the name of their version
        for (int at = text.indexOf(whole); at >= 0; at = text.indexOf(whole, at + 1)) {
            count++;
        }
        return count;
    }

    @Test
    void theNeededLibraryIsRenamedEverywhere() throws IOException {
        byte[] bytes = natives();
        int before = count(bytes, OLD);
        assertThat(before).isPositive();
        ElfImage image = new ElfImage(bytes, CUBLAS);
        assertThat(image.needed()).contains(OLD, "libc.so.6");
        image.rename(OLD, NEW);
        assertThat(new ElfImage(image.bytes(), CUBLAS).needed())
                .contains(NEW, "libc.so.6")
                .doesNotContain(OLD);
        assertThat(count(image.bytes(), OLD)).isZero();
        assertThat(count(image.bytes(), NEW)).isEqualTo(before);
    }

    @Test
    void onlyTheNameAndItsHashChange() throws IOException {
        byte[] before = natives();
        ElfImage image = new ElfImage(natives(), CUBLAS);
        image.rename(OLD, NEW);
        int changed = 0;
        for (int i = 0; i < before.length; i++) {
            changed += before[i] == image.bytes()[i] ? 0 : 1;
        }
        // The last digit of each copy of the name, and the hash, whose lowest digit follows it.
        assertThat(changed).isEqualTo(count(before, OLD) + 1);
        image.rename(NEW, OLD);
        assertThat(image.bytes()).isEqualTo(before);
    }

    @Test
    void theHashIsTheOneOfTheSystemVAbi() {
        assertThat(ElfImage.hash("")).isZero();
        assertThat(ElfImage.hash("GLIBC_2.2.5")).isEqualTo(0x09691a75); // as every library's version needs have it
        assertThat(ElfImage.hash("GLIBC_2.34")).isEqualTo(0x069691b4);
    }

    @Test
    void anotherNameIsRefused() throws IOException {
        ElfImage image = new ElfImage(natives(), CUBLAS);
        assertThatThrownBy(() -> image.rename(OLD, "libcublas.so.130")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> image.rename("libcublas.so.99", NEW))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(CUBLAS + " does not need libcublas.so.99, but [")
                .hasMessageContaining(OLD);
    }

    @Test
    void whatIsNoLibraryIsRefused() {
        assertThatThrownBy(() -> new ElfImage(new byte[0], "empty"))
                .hasMessage("empty is no shared library: it has 0 bytes");
        byte[] script =
                "/* GNU ld script */ GROUP ( libcublas.so.12.6 ) and some more text".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> new ElfImage(script, "script")).hasMessageContaining("does not begin as an ELF file");
    }

    @Test
    void aLibraryOfAnotherMachineIsRefused() throws IOException {
        byte[] bytes = natives();
        bytes[18] = (byte) 183; // AArch64
        assertThatThrownBy(() -> new ElfImage(bytes, CUBLAS))
                .hasMessageContaining("not a shared library for 64-bit x86");
    }

    @Test
    void aTruncatedLibraryIsRefusedAtEveryLength() throws IOException {
        byte[] bytes = natives();
        for (int length = 0; length < bytes.length; length += length < 2000 ? 1 : 9973) {
            byte[] part = Arrays.copyOf(bytes, length);
            // What is behind the last segment (section names, symbols for debuggers) is not needed.
            try {
                new ElfImage(part, CUBLAS).rename(OLD, NEW);
                assertThat(length).isGreaterThan(bytes.length * 8 / 10);
            } catch (IOException refused) {
                assertThat(refused).hasMessageContaining(CUBLAS);
            }
        }
        Path file = Files.write(folder.resolve("libcublas.so.12"), Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> ElfHeader.read(file)).hasMessageContaining("libcublas.so.12 is cut off");
    }

    @Test
    void damageAnywhereIsAnExceptionOrHarmless() throws IOException {
        byte[] bytes = natives();
        Rng rng = new Rng(71, 0);
        for (int round = 0; round < 1000; round++) {
            byte[] damaged = bytes.clone();
            for (int i = 0; i < 8; i++) {
                // Headers first, then the tables that are walked, then anything.
                int range = round % 3 == 0 ? 1024 : round % 3 == 1 ? 200_000 : bytes.length;
                damaged[rng.nextInt(range)] = (byte) rng.nextInt(256);
            }
            damaged[DYNAMIC_SECTION + rng.nextInt(512)] = (byte) rng.nextInt(256);
            try {
                new ElfImage(damaged, CUBLAS).rename(OLD, NEW);
            } catch (IOException refused) {
                assertThat(refused).hasMessageContaining(CUBLAS);
            }
        }
    }

    @Test
    void aLibraryOfTheSystemIsAccepted() throws IOException {
        Path libc = Path.of("/lib/x86_64-linux-gnu/libc.so.6");
        assumeTrue(Files.exists(libc), "no " + libc + " on this system");
        assertThat(ElfHeader.read(libc).segments()).isNotEmpty();
    }
}
