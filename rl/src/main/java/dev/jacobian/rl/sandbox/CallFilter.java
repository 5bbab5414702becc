// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * A filter of system calls in the kernel's own form (classic BPF, 8 bytes an instruction): bubblewrap takes it so, and where there is only
 * perl, it gives it to the kernel with prctl.
 *
 * <p>It refuses what no program of a test needs and through which kernels are broken into: other processes' memory, BPF, io_uring,
 * keys, mounts, namespaces, modules, the clock; memory that nobody could count; and, of processes other than the caller, limits and priorities: whoever
 * watches a program has the same user. Refused calls fail with EPERM, calls of another architecture end the process.
 */
final class CallFilter {
    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int JUMP_IF_AT_LEAST = 0x35;
    private static final int RETURN = 0x06;
    private static final int KILL_PROCESS = 0x80000000;
    private static final int FAIL_WITH_EPERM = 0x00050001;
    private static final int ALLOW = 0x7fff0000;
    private static final int NUMBER_AT = 0; // struct seccomp_data
    private static final int ARCHITECTURE_AT = 4;
    private static final int ARGUMENTS_AT = 16; // the lower halves are first
    private static final int TO_THE_END = -1; // a jump to the last instruction, which refuses
    private static final int X86_64 = 0xC000003E;
    private static final int X32 = 0x40000000; // where numbers of the 32-bit variant begin

    /** x86-64's numbers; each line is a family. */
    private static final int[] REFUSED = {
        101,
        310,
        311,
        312,
        438, // ptrace, process_vm_readv, process_vm_writev, kcmp, pidfd_getfd
        298,
        321,
        323,
        425,
        426,
        427, // perf_event_open, bpf, userfaultfd, io_uring_setup, _enter, _register
        248,
        249,
        250, // add_key, request_key, keyctl
        155,
        161,
        165,
        166,
        428,
        429,
        430,
        431,
        432,
        433,
        442, // pivot_root, chroot, mount, umount2 and the newer calls
        272,
        308, // unshare, setns
        29,
        64,
        68,
        319,
        447, // shmget, semget, msgget, memfd_create, memfd_secret: memory that belongs to no process and to no folder
        // with a size
        303,
        304, // name_to_handle_at, open_by_handle_at
        175,
        176,
        246,
        313,
        320, // modules, kexec
        142,
        144,
        251,
        314, // sched_setparam, sched_setscheduler, ioprio_set, sched_setattr
        103,
        159,
        163,
        164,
        167,
        168,
        169,
        172,
        173,
        179,
        227,
        305, // syslog, clocks, acct, swap, reboot, ports, quotas
    };

    /** Calls that may concern the caller alone: the number, and the arguments that must be 0. */
    private static final int[][] OWN = {
        {302, 0}, // prlimit64 of a process
        {203, 0}, // sched_setaffinity of a thread
        {141, 0, 1}, // setpriority of a kind of somebody
    };

    /** $1 is the filter in hexadecimal digits, the others what is run under it. Privileges have been given up before. */
    private static final String PERL = """
        my $filter = pack("H*", shift);
        my $program = pack("S x![Q] P", length($filter) / 8, $filter);
        my $set = syscall(157, 22, 2, unpack("Q", pack("P", $program)), 0, 0);
        exit 126 if $set != 0;
        exec { $ARGV[0] } @ARGV;
        exit 127;
        """;

    private CallFilter() {}

    /** Whether there is a filter for this machine and something that sets it. */
    static boolean available() {
        return program().isPresent() && Files.isExecutable(Path.of("/usr/bin/perl"));
    }

    /** The beginning of a command line that is run under the filter; nothing where it is not {@link #available}. */
    static List<String> opening() {
        return available()
                ? List.of(
                        "/usr/bin/perl",
                        "-e",
                        PERL,
                        "--",
                        HexFormat.of().formatHex(program().orElseThrow()))
                : List.of();
    }

    /** The filter for this machine; empty where we do not know the numbers of its calls. */
    static Optional<byte[]> program() {
        if (!"amd64".equals(System.getProperty("os.arch"))) {
            return Optional.empty();
        }
        List<int[]> program = new ArrayList<>(); // code, jump if true, jump if false, value
        program.add(new int[] {LOAD_WORD, 0, 0, ARCHITECTURE_AT});
        program.add(new int[] {JUMP_IF_EQUAL, 1, 0, X86_64});
        program.add(new int[] {RETURN, 0, 0, KILL_PROCESS});
        program.add(new int[] {LOAD_WORD, 0, 0, NUMBER_AT});
        program.add(new int[] {JUMP_IF_AT_LEAST, TO_THE_END, 0, X32});
        for (int number : REFUSED) {
            program.add(new int[] {JUMP_IF_EQUAL, TO_THE_END, 0, number});
        }
        for (int[] own : OWN) {
            program.add(new int[] {JUMP_IF_EQUAL, 0, 2 * (own.length - 1) + 1, own[0]}); // past these lines
            for (int argument : Arrays.copyOfRange(own, 1, own.length)) {
                program.add(new int[] {LOAD_WORD, 0, 0, ARGUMENTS_AT + 8 * argument});
                program.add(new int[] {JUMP_IF_EQUAL, 0, TO_THE_END, 0});
            }
            program.add(new int[] {RETURN, 0, 0, ALLOW});
        }
        program.add(new int[] {RETURN, 0, 0, ALLOW});
        program.add(new int[] {RETURN, 0, 0, FAIL_WITH_EPERM});
        ByteBuffer bytes = ByteBuffer.allocate(8 * program.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < program.size(); i++) {
            int[] step = program.get(i);
            int toTheEnd = program.size() - 2 - i;
            put(
                    bytes,
                    step[0],
                    step[1] == TO_THE_END ? toTheEnd : step[1],
                    step[2] == TO_THE_END ? toTheEnd : step[2],
                    step[3]);
        }
        return Optional.of(bytes.array());
    }

    private static void put(ByteBuffer program, int code, int ifTrue, int ifFalse, int value) {
        program.putShort((short) code).put((byte) ifTrue).put((byte) ifFalse).putInt(value);
    }
}
