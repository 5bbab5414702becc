// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Attacks on what stands around a program: its keeper, its limits, its neighbours, and the worker that the next program is forked from. Each says what
 * it achieved; none may achieve anything, and after each the next program runs as if there had been none.
 */
@ParameterizedClass
@EnumSource(Sandboxes.Walls.class)
class AttacksTest {
    private static final Limits LIMITS = new Limits(2, 20, 256L << 20, 1 << 20, 64, 16L << 20);

    /** What attacks share: {@code tried(name, action)} says that an action that must fail did not. */
    private static final String BEGIN = """
        import ctypes, errno, os, resource, signal, socket, sys, time
        libc = ctypes.CDLL(None, use_errno=True)
        def tried(name, action, *arguments):
            try: result = action(*arguments)
            except (OSError, ValueError): return
            if result != -1: print("ACHIEVED", name, result)
        """;

    private static Sandbox sandbox;
    private static Map<Long, String> worker;

    @Parameter
    Sandboxes.Walls walls;

    @BeforeParameterizedClassInvocation
    static void open(Sandboxes.Walls walls) {
        sandbox = walls.open();
        Sandboxes.needed(Language.python());
        python("");
        worker = Sandboxes.idle(walls);
    }

    @AfterParameterizedClassInvocation
    static void close() {
        if (sandbox != null) {
            sandbox.close();
            sandbox = null;
        }
    }

    private static Outcome python(String source) {
        return sandbox.run(Program.python(BEGIN + source), "input\n".getBytes(StandardCharsets.US_ASCII), LIMITS);
    }

    /** Runs an attack that goes on to its end, and then a harmless program. */
    private static void achievesNothing(String source) {
        Outcome outcome = python(source + "\nprint('end')\n");
        assertThat(outcome.stdoutText()).as(outcome + outcome.stderrText()).isEqualTo("end\n");
        unharmed();
    }

    private static void unharmed() {
        Sandboxes.awaitProcessesOfRuns(worker);
        assertThat(python("print(input(), os.listdir('/box') + os.listdir('/tmp') + os.listdir('/dev/shm'))")
                        .stdoutText())
                .isEqualTo("input []\n");
    }

    @Test
    void signalsReachNobodyElse() {
        achievesNothing("""
            for number in range(1, 65):
                if number in (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH): continue
                try: os.kill(1, number)
                except (OSError, ValueError): pass
                try: os.kill(os.getppid(), number)
                except (OSError, ValueError): pass
            try: os.kill(-1, signal.SIGKILL)
            except OSError: pass
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
                os.killpg(0, number)  # a group may reach out of a namespace, to whoever runs this test
            time.sleep(0.05)
            """);
    }

    @Test
    void othersCannotBeReached() {
        Assumptions.assumeTrue(CallFilter.available(), "skipped: without a filter a program may end its own process 1");
        achievesNothing("""
            for pid in {"1", str(os.getppid())} - {"0"}:
                for file in ("mem", "environ", "maps", "fd/0", "fd/1", "fd/3", "fd/4", "cwd", "root/etc"):
                    tried(pid + file, os.open, "/proc/%s/%s" % (pid, file), os.O_RDONLY)
                tried(pid + "mem", os.open, "/proc/%s/mem" % pid, os.O_RDWR)
                tried(pid + "oom", os.open, "/proc/%s/oom_score_adj" % pid, os.O_RDWR)
                tried(pid + " niceness", os.setpriority, os.PRIO_PROCESS, int(pid), 19)
                tried(pid + " class", os.sched_setscheduler, int(pid), os.SCHED_IDLE, os.sched_param(0))
                tried(pid + " processor", os.sched_setaffinity, int(pid), {0})
                tried("prlimit", resource.prlimit, int(pid), resource.RLIMIT_NOFILE, (8, 8))
            """);
    }

    @Test
    void rightsDoNotComeBack() {
        achievesNothing("""
            for limit in (resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
                tried("limit", resource.setrlimit, limit, (1 << 40, 1 << 40))
            tried("nice", os.nice, -5)
            os.nice(1)
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            os.sched_setaffinity(0, os.sched_getaffinity(0))
            tried("realtime", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
            tried("setuid", os.setuid, 0)
            tried("chown", os.chown, "/box", 0, 0)
            tried("hostname", socket.sethostname, "mine")
            tried("chroot", os.chroot, "/box")
            tried("device", os.mknod, "/box/disk", 0o60666, os.makedev(8, 0))
            tried("mount", libc.mount, b"none", b"/box", b"tmpfs", 0, None)
            tried("umount", libc.umount2, b"/program", 2)
            for file in ("kernel/core_pattern", "user/max_user_namespaces", "kernel/hostname", "vm/drop_caches"):
                tried(file, os.open, "/proc/sys/" + file, os.O_WRONLY)
            tried("sysrq", os.open, "/proc/sysrq-trigger", os.O_WRONLY)
            for file in ("/program/main.py", "/program/x", "/usr/x", "/etc/passwd", "/dev/null/x", "/x", "/dev/x", "/proc/x"):
                tried(file, os.open, file, os.O_WRONLY | os.O_CREAT)
            tried("remove", os.remove, "/program/main.py")
            tried("remount", libc.mount, b"none", b"/program", None, 32 | 4096, None)
            """);
    }

    @Test
    void thereAreNoFurtherNamespaces() {
        Assumptions.assumeTrue(CallFilter.available(), "skipped: the numbers of system calls are those of x86-64");
        achievesNothing("""
            for space in (0x10000000, 0x20000000, 0x40000000, 0x20000, 0x10020000):
                pid = libc.syscall(56, space | signal.SIGCHLD, 0, 0, 0, 0)  # clone
                if pid == 0: os._exit(0)
                if pid > 0: print("ACHIEVED", hex(space))
                tried("unshare", libc.unshare, space)
            for call in (64, 68, 29, 101, 310, 311, 438, 428, 429, 442):
                tried(call, libc.syscall, call, 0, 0, 0, 0)
            """);
    }

    @Test
    void itsInputIsItsOwn() {
        achievesNothing("""
            tried("write to stdin", os.write, 0, b"x")
            for number in range(3, 256):
                tried("descriptor %d" % number, os.write, number, b"x")
            tried("a tty", os.open, "/dev/tty", os.O_RDWR)
            tried("console", os.open, "/dev/console", os.O_RDWR)
            tried("mem", os.open, "/dev/mem", os.O_RDWR)
            """);
    }

    @Test
    void forksThatDetachThemselvesAreCountedAndGone() {
        Outcome outcome = python("""
            made = 0
            def bomb(depth):
                global made
                while True:
                    try: child = os.fork()
                    except OSError: break
                    if child == 0:
                        os.setsid()
                        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
                        if depth: bomb(depth - 1)
                        time.sleep(30)
                        os._exit(0)
                    made += 1
                    if made > 200: print("ACHIEVED", made, flush=True); break
            bomb(3)
            os.write(1, b"end\\n")
            os._exit(0)
            """);
        assertThat(outcome.stdoutText()).doesNotContain("ACHIEVED");
        unharmed();
    }

    @Test
    void outputWithoutLinesEndsAtItsLimit() {
        Outcome outcome = python("""
            import threading
            def pour(file):
                while True: os.write(file, b"y" * 65536)
            threading.Thread(target=pour, args=(2,), daemon=True).start()
            pour(1)
            """);
        assertThat(outcome.ending()).isEqualTo(Ending.OUTPUT_LIMIT);
        assertThat(Math.max(outcome.stdout().length, outcome.stderr().length)).isEqualTo(1 << 20);
        unharmed();
    }

    @Test
    void filesAreBounded() {
        achievesNothing("""
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            def sparse():
                with open("/box/sparse", "wb") as file: file.truncate(1 << 40)
            tried("a sparse file", sparse)
            total = 0
            for folder in ("/box", "/tmp", "/dev/shm"):
                for i in range(40):
                    try:
                        with open("%s/%d" % (folder, i), "wb") as file: total += file.write(bytes(1 << 20))
                    except OSError: pass
            if total > 3 * (16 << 20): print("ACHIEVED", total)
            many = 0
            try:
                for i in range(20000):
                    os.mkdir("/tmp/d%d" % i)
                    many += 1
            except OSError: pass
            if many > 17000 and os.stat("/tmp").st_dev != 0: print("ACHIEVED folders", many)
            """.replace("many > 17000", walls() == Sandboxes.Walls.BUBBLEWRAP ? "False" : "many > 17000"));
    }

    private static Sandboxes.Walls walls() {
        return sandbox.isolation() == Isolation.BUBBLEWRAP ? Sandboxes.Walls.BUBBLEWRAP : Sandboxes.Walls.NAMESPACES;
    }

    @Test
    void linksLeadNowhere() {
        achievesNothing("""
            os.symlink("/proc/1/root", "/box/root")
            os.symlink("/", "/box/top")
            os.symlink("../../../../etc/shadow", "/box/shadow")
            tried("root", os.listdir, "/box/root/")
            tried("shadow", os.open, "/box/shadow", os.O_RDONLY)
            tried("hard link", os.link, "/program/main.py", "/box/linked")
            for name in ("root", "home", "work", "var", "sys", "run", "mnt"):
                if os.path.exists("/box/top/" + name): print("ACHIEVED", name)
            """);
    }

    @Test
    void neighboursCannotTalk() {
        Program listens = Program.python(BEGIN + """
            server = socket.socket(socket.AF_UNIX)
            server.bind("\\0jacobian")
            server.listen()
            server.settimeout(1)
            try: server.accept(); print("ACHIEVED")
            except OSError: print("alone")
            """);
        Program calls = Program.python(BEGIN + """
            end = time.monotonic() + 0.9
            while time.monotonic() < end:
                tried("connection", socket.socket(socket.AF_UNIX).connect, "\\0jacobian")
                time.sleep(0.01)
            print("alone")
            """);
        List<CompletableFuture<Outcome>> runs = List.of(listens, calls).stream()
                .map(program -> CompletableFuture.supplyAsync(() -> sandbox.run(program, new byte[0], LIMITS)))
                .toList();
        for (CompletableFuture<Outcome> run : runs) {
            assertThat(run.join().stdoutText()).isEqualTo("alone\n");
        }
    }

    @Test
    void whatAProgramSpoilsIsItsOwn() {
        achievesNothing("""
            import builtins, json, random, gc
            json.loads = os.listdir = builtins.len = None
            os.environ["PATH"] = "/box"
            for name in list(sys.modules):
                if name not in ("os", "sys", "builtins"): del sys.modules[name]
            sys.path.insert(0, "/box")
            for file in ("json.py", "sitecustomize.py"):
                with open("/box/" + file, "w") as out: out.write("1/0")
            for held in gc.get_objects():
                if isinstance(held, socket.socket): tried("a socket", held.send, b"x")
            """);
    }
}
