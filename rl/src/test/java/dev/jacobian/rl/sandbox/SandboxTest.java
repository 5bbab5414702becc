// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What every kind of walls promises. */
@ParameterizedClass
@EnumSource(Sandboxes.Walls.class)
class SandboxTest {
    private static final Limits LIMITS = Limits.DEFAULT.withCpu(1).withWall(60);
    private static Sandbox sandbox;

    @Parameter
    Sandboxes.Walls walls;

    @BeforeParameterizedClassInvocation
    static void open(Sandboxes.Walls walls) {
        sandbox = walls.open();
    }

    @AfterParameterizedClassInvocation
    static void close() {
        if (sandbox != null) {
            sandbox.close();
            assertThat(sandbox.folder()).doesNotExist();
            sandbox = null;
        }
    }

    private static Outcome shell(String script, String... arguments) {
        return sandbox.run(new Program(Language.shell(), script, List.of(arguments)), new byte[0], LIMITS);
    }

    private static Outcome python(String source, Limits limits) {
        return sandbox.run(new Program(Sandboxes.needed(Language.python()), source, List.of()), new byte[0], limits);
    }

    @Test
    void aProgramReadsItsInputAndItsArgumentsAndReturnsACode() {
        Outcome outcome = sandbox.run(
                new Program(Language.shell(), "read line; echo \"$1 $line\"; echo oh >&2; exit 3", List.of("a b")),
                "c d\n".getBytes(StandardCharsets.UTF_8),
                LIMITS);
        assertThat(outcome.ending()).isEqualTo(Ending.EXITED);
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.stdoutText()).isEqualTo("a b c d\n");
        assertThat(outcome.stderrText()).isEqualTo("oh\n");
        assertThat(outcome.succeeded()).isFalse();
        assertThat(shell("exit 0").succeeded()).isTrue();
    }

    /** A process names itself, and its name stands where its memory is looked for. */
    @Test
    void aProgramCannotHideItsMemoryBehindItsName() {
        for (String name : List.of("RssAnon:x", "RssAnon: 0")) {
            Outcome outcome = python("""
                import time
                open('/proc/self/comm', 'w').write('%s')
                held = bytearray(64 << 20)
                for i in range(0, len(held), 4096):
                    held[i] = 1
                time.sleep(0.3)
                print('ran')
                """.formatted(name), LIMITS);
            assertThat(outcome.stdoutText()).as(name).isEqualTo("ran\n");
            assertThat(outcome.peakMemoryBytes()).as(name).isGreaterThan(64L << 20);
        }
    }

    @Test
    void nothingIsLeftOnTheHost() throws Exception {
        shell("echo x > a; mkdir -p b/c; ln -s / b/d; echo y > /tmp/e");
        try (Stream<Path> left = Files.list(sandbox.folder())) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .allMatch(name -> walls == Sandboxes.Walls.WARM && name.startsWith("server-")); // which stays
        }
    }

    @Test
    void everyRunBeginsWithEmptyFolders() {
        String script = "ls -A /box /tmp /dev/shm; echo x > /box/a; echo x > /tmp/b; echo x > /dev/shm/c";
        assertThat(shell(script).stdoutText()).isEqualTo("/box:\n\n/dev/shm:\n\n/tmp:\n");
        assertThat(shell(script).stdoutText()).isEqualTo("/box:\n\n/dev/shm:\n\n/tmp:\n");
    }

    @Test
    void itSeesNothingOfTheHost() {
        Outcome outcome = shell("""
            ls /; ls /etc; for folder in /root /home /work /var /sys /run /opt /mnt; do [ -e $folder ] && echo sees $folder; done
            for file in / /usr/x /etc/x /dev/x /program/x /proc/x; do (echo x > $file) 2>/dev/null && echo wrote $file; done
            ls /proc | grep -c '^[0-9]' | grep -q '^[1-6]$' || echo sees processes
            cat /proc/1/environ /proc/1/fd/4 2>/dev/null
            unshare --user true 2>/dev/null && echo makes namespaces
            grep -E '^(CapEff|CapPrm|CapInh|CapAmb).*[1-9a-f]' /proc/self/status
            grep -q '^NoNewPrivs:.1' /proc/self/status || echo new privileges
            """);
        assertThat(outcome.stdoutText().lines().toList())
                .isSubsetOf(
                        "bin",
                        "box",
                        "dev",
                        "etc",
                        "lib",
                        "lib32",
                        "lib64",
                        "libx32",
                        "proc",
                        "program",
                        "sbin",
                        "tmp",
                        "usr",
                        "alternatives",
                        "group",
                        "passwd",
                        "ld.so.cache",
                        "ld-musl-x86_64.path");
    }

    @Test
    void itHasNoneOfOurEnvironmentAndNoneOfOurDescriptors() {
        Outcome outcome = python("""
            import os
            print(sorted(os.environ))
            print([f for f in range(3, 256) if os.path.exists("/proc/self/fd/%d" % f)])
            """, LIMITS);
        assertThat(outcome.stdoutText())
                .startsWith("['HOME', 'LC_ALL', 'O")
                .doesNotContain("JAVA", "USER", "MAVEN")
                .endsWith("[]\n");
    }

    @Test
    void callsThatNoTestNeedsAreRefused() {
        Assumptions.assumeTrue(CallFilter.available(), "skipped: no filter of system calls without perl on x86-64");
        Outcome outcome = python("""
            import ctypes, os
            print([line.split()[1] for line in open("/proc/self/status") if line.startswith("Seccomp:")])
            try: os.memfd_create("hidden"); print("memory that nobody counts")
            except PermissionError: print("refused")
            libc = ctypes.CDLL(None, use_errno=True)
            for name, call in (("ptrace", 101), ("shmget", 29), ("bpf", 321), ("io_uring_setup", 425), ("x32", 0x40000001)):
                print(name, libc.syscall(call, 0, 0, 0, 0), ctypes.get_errno())
            """, LIMITS);
        assertThat(outcome.stdoutText()).isEqualTo("""
            ['2']
            refused
            ptrace -1 1
            shmget -1 1
            bpf -1 1
            io_uring_setup -1 1
            x32 -1 1
            """);
    }

    @Test
    void whatDetachedItselfIsGoneWithTheRun() throws Exception {
        String word = "jacobian-left-" + ProcessHandle.current().pid();
        Outcome outcome = python("""
            import os, sys, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.execv("/bin/sh", ["%s", "-c", "trap '' TERM HUP INT; sleep 60; sleep 60"])
                os._exit(0)
            time.sleep(0.2)
            print("away")
            """.formatted(word), LIMITS);
        assertThat(outcome.stdoutText()).isEqualTo("away\n");
        assertThat(outcome.wallSeconds()).isLessThan(20);
        assertThat(commandLines()).noneMatch(line -> line.contains(word));
    }

    private static List<String> commandLines() throws Exception {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(process -> process.getFileName().toString().matches("\\d+"))
                    .map(process -> {
                        try {
                            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
                        } catch (Exception ended) {
                            return "";
                        }
                    })
                    .toList();
        }
    }

    @Test
    void aLimitThatIsReachedIsNamed() {
        assertThat(shell("while :; do :; done").ending()).isEqualTo(Ending.CPU_LIMIT);
        Outcome slept = sandbox.run(new Program(Language.shell(), "sleep 60"), new byte[0], LIMITS.withWall(0.5));
        assertThat(slept.ending()).isEqualTo(Ending.WALL_LIMIT);
        assertThat(slept.wallSeconds()).isBetween(0.5, 5.0);
        Outcome much = sandbox.run(
                new Program(Language.shell(), "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"),
                new byte[0],
                LIMITS.withOutput(1000));
        assertThat(much.ending()).isEqualTo(Ending.OUTPUT_LIMIT);
        assertThat(much.stdout()).hasSize(1000);
        assertThat(shell("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy >&2; done")
                        .ending())
                .isIn(Ending.OUTPUT_LIMIT, Ending.CPU_LIMIT);
        assertThat(shell("kill -SEGV $$").ending()).isEqualTo(Ending.KILLED);
        assertThat(shell("kill -KILL $$").ending()).isEqualTo(Ending.KILLED); // 137 is no proof of a limit
    }

    @Test
    void processesShareOneLimitOfMemoryAndOfTheProcessor() {
        Limits limits = LIMITS.withMemory(128L << 20);
        Outcome hoarded = python("""
            import os, time
            for i in range(8):
                if os.fork() == 0:
                    block = bytearray(b"x" * (40 << 20))
                    time.sleep(30)
            time.sleep(30)
            """, limits);
        assertThat(hoarded.ending()).isEqualTo(Ending.MEMORY_LIMIT);
        Outcome shared = python("""
            import mmap, os
            blocks = [mmap.mmap(-1, 30 << 20) for i in range(2)]
            for i in range(4):
                if os.fork() == 0:
                    more = [mmap.mmap(-1, 30 << 20) for i in range(2)]
                    for block in blocks + more:
                        for at in range(0, 30 << 20, 4096): block[at] = 1
                    import time; time.sleep(30)
            import time; time.sleep(30)
            """, limits);
        assertThat(shared.ending()).isEqualTo(Ending.MEMORY_LIMIT);
        Outcome burned = python("""
            import os
            for i in range(4):
                if os.fork() == 0: break
            while True: pass
            """, LIMITS.withCpu(1).withWall(60));
        assertThat(burned.ending()).isEqualTo(Ending.CPU_LIMIT);
        assertThat(burned.cpuSeconds()).isLessThan(3);
    }

    @Test
    void filesInItsFoldersAreBounded() {
        Limits limits = new Limits(2, 10, 256L << 20, 1 << 20, 64, 1 << 20);
        Outcome outcome = sandbox.run(new Program(Language.shell(), """
            for folder in /box /tmp /dev/shm; do
                for i in 1 2 3 4; do head -c 500000 /dev/zero > $folder/$i || echo full; done 2>/dev/null
                du -sk $folder | cut -f1
            done
            for folder in / /dev /etc; do head -c 10 /dev/zero > $folder/x && echo wrote; done 2>/dev/null
            """), new byte[0], limits);
        assertThat(outcome.stdoutText().lines().filter(line -> line.equals("full")))
                .hasSize(6);
        assertThat(outcome.stdoutText()).doesNotContain("wrote");
        assertThat(outcome.stdoutText()
                        .lines()
                        .filter(line -> line.matches("\\d+"))
                        .mapToInt(Integer::parseInt))
                .hasSize(3)
                .allMatch(kibibytes -> kibibytes <= 1024);
    }

    @Test
    void aProgramIsCompiledOnceAndRunOften() {
        try (Prepared prepared = sandbox.prepare(new Program(Sandboxes.needed(Language.c()), """
            #include <stdio.h>
            int main(void) { int n; scanf("%d", &n); printf("%d\\n", n * n); return 0; }
            """))) {
            assertThat(prepared.refused()).isEmpty();
            for (int n = 1; n < 4; n++) {
                assertThat(prepared.run((n + "\n").getBytes(StandardCharsets.UTF_8), LIMITS)
                                .stdoutText())
                        .isEqualTo(n * n + "\n");
            }
        }
    }

    @Test
    void whatTheCompilerRefusesSaysWhy() {
        Outcome java = sandbox.run(
                new Program(Sandboxes.needed(Language.java()), "class Main { int x = \"a\"; }"), new byte[0], LIMITS);
        assertThat(java.ending()).isEqualTo(Ending.NOT_COMPILED);
        assertThat(java.stderrText()).contains("Main.java:1", "incompatible types");
        Outcome python = python("print(1)\nif:\n", LIMITS);
        assertThat(python.ending()).isEqualTo(Ending.NOT_COMPILED);
        assertThat(python.stdout()).isEmpty();
        assertThat(python("eval('1 +')", LIMITS).ending()).isEqualTo(Ending.EXITED);
    }

    @Test
    void anyCommandCanBeALanguage() {
        Language reversed = Language.of("reversed", "text", "/usr/bin/rev", "{program}/text");
        assertThat(sandbox.run(new Program(reversed, "abc\n"), new byte[0], LIMITS)
                        .stdoutText())
                .isEqualTo("cba\n");
        Language absent = Language.of("absent", "text", "/usr/bin/no-such-interpreter", "{program}/text");
        assertThatThrownBy(() -> sandbox.run(new Program(absent, ""), new byte[0], LIMITS))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("/usr/bin/no-such-interpreter");
        assertThatThrownBy(() -> Language.of("bad", "../x", "/bin/sh"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no plain file name");
    }

    @Test
    void aThreadThatIsInterruptedEndsItsRun() throws Exception {
        String seconds = "61.0" + ProcessHandle.current().pid();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread runner = Thread.ofPlatform().start(() -> {
            try {
                shell("sleep " + seconds);
            } catch (SandboxException e) {
                thrown.set(Thread.currentThread().isInterrupted() ? e : new AssertionError("not interrupted", e));
            }
        });
        while (commandLines().stream().noneMatch(line -> line.startsWith("sleep\0" + seconds))) {
            Thread.sleep(10);
        }
        runner.interrupt();
        runner.join(10_000);
        assertThat(thrown.get()).isInstanceOf(SandboxException.class).hasMessageContaining("interrupted");
        assertThat(commandLines()).noneMatch(line -> line.startsWith("sleep\0" + seconds));
    }

    @Test
    void aTextThatIsNoTextIsAProgramAllTheSame() {
        assertThat(python("print(len('\ud800'))", LIMITS).stdoutText()).isEqualTo("1\n");
    }

    @Test
    void limitsAreChecked() {
        assertThatThrownBy(() -> LIMITS.withCpu(0)).hasMessageContaining("cpuSeconds");
        assertThatThrownBy(() -> LIMITS.withWall(Double.NaN)).hasMessageContaining("wallSeconds");
        assertThatThrownBy(() -> LIMITS.withOutput(1L << 40)).hasMessageContaining("outputBytes");
    }

    @Test
    void theMachinesProtectionIsSaid() {
        assertThat(Protection.found().summary())
                .contains(Protection.found().isolation().toString());
        assertThat(Isolation.PLAIN.lacks()).anyMatch(text -> text.contains("NETWORK"));
        assertThat(new Protection(Isolation.PLAIN, List.of("namespaces: no"), Optional.of("no")).advice())
                .contains("bubblewrap", "namespaces: no");
    }
}
