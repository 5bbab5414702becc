# SPDX-License-Identifier: Apache-2.0
#
# The fork server (ForkServer.java says why there is one). The interpreter is started as `python3 /program/main.py` and imports this
# file as sitecustomize, before it looks for that program. So it waits here, with everything loaded, and whoever returns from here is
# a process of its own that goes on exactly as a fresh interpreter would: no frame of ours below the program, no trick with its names.
#
# Three processes:
#   the server  accepts a connection and forks. It reads nothing that anybody sends, so no run can reach the next one through it.
#   the keeper  is process 1 of the run's own namespaces. It reads the request, builds what the program may see, watches it and answers.
#               No signal from inside ends it, and the program, which is in one more namespace of users, has no rights over it.
#   the program gives up every right, takes its limits and the filter of system calls, and returns from here or is executed.
#
# Whatever goes wrong before the program runs ends the process at once: python would print a broken sitecustomize and go on.
import os

FAILED = 125


def serve():
    import bisect, collections, copy, ctypes, functools, gc, heapq, itertools, json, math  # noqa: programs want them too
    import operator, random, re, resource, select, signal, socket, string, struct, sys, time, typing  # noqa

    NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000  # linux/sched.h
    NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
    RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, MOVE = 1, 2, 4, 8, 32, 4096, 8192  # linux/mount.h
    DETACH = 2
    PDEATHSIG, DUMPABLE, SECCOMP, CAPBSET_DROP, NO_NEW_PRIVS, CAP_AMBIENT = 1, 4, 22, 24, 38, 47  # linux/prctl.h
    MOUNT_SETATTR, RECURSIVE = 442, 0x8000
    LOOK = 8  # milliseconds between two looks at what a program uses
    TICK = os.sysconf("SC_CLK_TCK")
    CHUNK = 1 << 16

    libc = ctypes.CDLL(None, use_errno=True)

    def call(name, *arguments):
        if getattr(libc, name)(*arguments) != 0:
            error = ctypes.get_errno()
            shown = [a.decode() if isinstance(a, bytes) else a for a in arguments]
            raise OSError(error, "%s%s: %s" % (name, shown, os.strerror(error)))

    def prctl(option, a=0, b=0):
        call("prctl", option, ctypes.c_ulong(a), b if isinstance(b, ctypes.c_void_p) else ctypes.c_ulong(b), 0, 0)

    def mount(what, where, kind, flags, options=""):
        call("mount", what.encode(), where.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())

    def write(path, text):
        file = os.open(path, os.O_WRONLY)
        os.write(file, text.encode())
        os.close(file)

    def read(path):
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:
            return b""  # it ended meanwhile
        try:
            return os.read(file, 8192)
        except OSError:
            return b""
        finally:
            os.close(file)

    # The program

    def become(job, stdin, out, err, ready):
        """Turns this process into one that may do nothing but compute."""
        os.setsid()
        for old, new in ((stdin, 0), (out, 1), (err, 2)):
            os.dup2(old, new)
        os.dup2(ready, 3, inheritable=False)
        os.closerange(4, 1024)
        prctl(DUMPABLE, 1)  # its files in /proc are its own
        call("unshare", NEWUSER)
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", "1000 0 1")
        write("/proc/self/gid_map", "1000 0 1")
        write("/proc/sys/user/max_user_namespaces", "0")
        for capability in range(64):
            if libc.prctl(CAPBSET_DROP, ctypes.c_ulong(capability), ctypes.c_ulong(0), 0, 0) != 0:
                break  # the kernel's last one is behind us
        prctl(CAP_AMBIENT, 4)
        call("capset", struct.pack("=Ii", 0x20080522, 0), bytes(24))
        prctl(NO_NEW_PRIVS, 1)
        os.umask(0o022)
        os.chdir("/box")
        for name, value in job["limits"].items():
            which = getattr(resource, "RLIMIT_" + name)
            most = resource.getrlimit(which)[1]
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(which, (value, most if name == "STACK" else value))
        command = job["command"]
        forked = job["forked"]
        if forked:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        else:
            for name in (signal.SIGPIPE, signal.SIGXFSZ):  # which python ignores, and its children would
                signal.signal(name, signal.SIG_DFL)
        if filter_program:
            prctl(SECCOMP, 2, ctypes.cast(ctypes.pointer(filter_program[0]), ctypes.c_void_p))
        if forked:
            sys.argv[1:] = command[2:]
            sys.path.remove("/program")  # python is about to put it there for the program
            for name in set(os.environ) - set(job["environment"]):
                del os.environ[name]
            os.close(3)
            gc.unfreeze()  # or what the program made would not be cleared up in python's own order at its end
            return
        os.close(3)
        try:
            os.execve(command[0], command, job["environment"])
        except OSError as error:  # the program's fault: its compiler made no program
            os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
            os._exit(126)

    # The keeper

    def view(job):
        """The file system of a run: the server's, with the program's folder and empty ones, and nothing that leads back."""
        mount("/box/" + job["program"], "/tmp", "none", BIND)
        call("umount2", b"/program", DETACH)
        mount("/tmp", "/program", "none", MOVE)
        mount("none", "/program", "none", REMOUNT | BIND | RDONLY | NOSUID | NODEV)
        call("umount2", b"/box", DETACH)
        size = "size=%d,nr_inodes=16384,mode=" % job["files"]
        for folder, mode in (("/box", "0755"), ("/tmp", "1777"), ("/dev/shm", "1777")):
            mount("sandbox", folder, "tmpfs", NOSUID | NODEV, size + mode)
        mount("proc", "/proc", "proc", NOSUID | NODEV | NOEXEC)
        # If the machine runs out of memory, a program goes before what is worth more.
        write("/proc/self/oom_score_adj", "800")
        mount("sandbox", "/proc/1", "tmpfs", RDONLY | NOSUID | NODEV, "size=4k")  # we are none of its business

    def others():
        return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]

    def kibibytes(status, name):
        at = status.find(b"\n" + name)  # at the beginning of a line: a program names itself in the first one
        return int(status[at + 1 + len(name) :].split(None, 1)[0]) if at >= 0 else 0

    def waited_for():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def usage():
        ticks, memory = 0, 0
        for name in others():
            fields = read("/proc/%s/stat" % name).rpartition(b")")[2].split()
            if len(fields) > 14:
                ticks += sum(map(int, fields[11:15]))  # utime, stime, and those of children that were waited for
            status = read("/proc/%s/status" % name)
            memory += kibibytes(status, b"RssAnon:") + kibibytes(status, b"RssShmem:")
        return ticks / TICK + waited_for(), memory << 10

    def delayed():
        """Seconds for which threads that live wanted a processor and got none."""
        nanoseconds = 0
        for name in others():
            try:
                threads = os.listdir("/proc/%s/task" % name)
            except OSError:
                continue
            for thread in threads:
                fields = read("/proc/%s/task/%s/schedstat" % (name, thread)).split()
                nanoseconds += int(fields[1]) if len(fields) > 1 else 0
        return nanoseconds * 1e-9

    def end_all(child=0):
        """Ends whoever is left, waits for all, and says how the program ended."""
        status = 0
        while True:
            try:
                os.kill(-1, signal.SIGKILL)  # all of this namespace but ourselves
            except ProcessLookupError:
                pass
            try:
                pid, ended = os.waitpid(-1, 0)
            except ChildProcessError:
                return status
            if pid == child:
                status = ended

    class Output:
        """What the program writes: read as it comes, kept up to a limit."""

        def __init__(self, most):
            self.most = most
            self.bytes = bytearray()
            self.exceeded = False
            self.source, self.sink = os.pipe()

        def read(self):
            """Reads once; whether there may be more."""
            data = os.read(self.source, CHUNK)
            room = self.most - len(self.bytes)
            self.exceeded = self.exceeded or len(data) > room
            self.bytes += data[:room]
            return len(data) > 0 and not self.exceeded

    def watch(job, child, connection, out, err):
        """Holds the program to its limits. The name of the one that it exceeded, if any, and what it was seen to use."""
        begin = time.monotonic()
        look, late, cpu, memory = begin, 0.0, 0.0, 0
        poll = select.poll()
        sources = {out.source: out, err.source: err}
        ended = os.pidfd_open(child)
        for file in (out.source, err.source, connection.fileno(), ended):
            poll.register(file, select.POLLIN)
        reason = ""
        while not reason:
            asked = time.monotonic()
            events = poll.poll(LOOK)
            now = time.monotonic()
            if not events:
                late += max(0.0, now - asked - 2e-3 * LOOK)  # this machine is too busy even for us
            for file, _ in events:
                if file in sources:
                    if not sources[file].read():
                        poll.unregister(file)
                elif file == ended:
                    poll.unregister(file)
                    return "", cpu, memory, now - begin
                else:  # nobody waits for an answer any more
                    end_all()
                    os._exit(0)
            if out.exceeded or err.exceeded:
                return "output", cpu, memory, now - begin
            if now - look >= 1e-3 * LOOK:
                look = now
                total, used = usage()
                cpu = max(cpu, total)
                memory = max(memory, used)
                if cpu > job["cpu"]:
                    reason = "cpu"
                elif now - begin > job["wall"] and (
                    now - begin > job["patience"] or now - begin - delayed() - late > job["wall"]
                ):
                    reason = "wall"
                elif used > job["memory"]:
                    reason = "memory"
        return reason, cpu, memory, now - begin

    def keep(connection):
        """Reads a request, runs it, answers. Returns in the program's process alone."""
        prctl(PDEATHSIG, signal.SIGKILL)
        prctl(DUMPABLE, 0)
        request = b""
        while not request.endswith(b"\n"):
            more = connection.recv(CHUNK)
            if not more:
                os._exit(0)
            request += more
        job = json.loads(request)
        call("unshare", NEWNS | NEWNET | NEWIPC | NEWUTS | NEWCGROUP)
        stdin = os.open("/box/" + job["stdin"], os.O_RDONLY)
        view(job)
        out, err = Output(job["output"]), Output(job["output"])
        why, ready = os.pipe()  # why there is no program, or its end
        child = os.fork()
        if child == 0:
            try:
                become(job, stdin, out.sink, err.sink, ready)
                return
            except BaseException as error:
                os.write(3, str(error).encode()[:CHUNK >> 4])
                os._exit(FAILED)
        for file in (stdin, out.sink, err.sink, ready):
            os.close(file)
        failure = os.read(why, CHUNK)
        if failure:
            raise OSError(failure.decode(errors="replace"))
        reason, cpu, memory, wall = watch(job, child, connection, out, err)
        status = end_all(child)
        cpu = max(cpu, waited_for())  # exact, but for children that their parents did not care for
        while not out.exceeded and out.read():
            pass
        while not err.exceeded and err.read():
            pass
        answer = {
            "reason": reason or ("cpu" if cpu > job["cpu"] else "output" if out.exceeded or err.exceeded else ""),
            "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status),
            "cpu": cpu,
            "memory": memory,
            "wall": wall,
            "stdout": len(out.bytes),
            "stderr": len(err.bytes),
        }
        connection.sendall(json.dumps(answer).encode() + b"\n" + out.bytes + err.bytes)
        os._exit(0)

    # The server

    def lock(path, flags):
        """Makes a mount and all below it what the flags say, also those that the host has below /usr."""
        attributes = struct.pack("=QQQQ", flags, 0, 0, 0)
        if libc.syscall(MOUNT_SETATTR, -100, path.encode(), RECURSIVE, attributes, ctypes.c_size_t(len(attributes))) != 0:
            raise OSError("mount_setattr of %s: %s (Linux 5.12 has it)" % (path, os.strerror(ctypes.get_errno())))

    os.setsid()  # what is typed on our terminal is not for us
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # python's handler is all that reaches a process 1 from inside
    with open("/program/filter", "rb") as file:
        calls = file.read()
    filter_program = []
    if calls:

        class Filter(ctypes.Structure):  # struct sock_fprog
            _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

        filter_program.append(Filter(len(calls) // 8, calls))
    server = socket.socket(socket.AF_UNIX)
    server.bind("/program/socket")
    server.listen(64)
    lock("/", RDONLY | NOSUID)
    for folder in os.listdir("/"):
        if folder in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32") and not os.path.islink("/" + folder):
            lock("/" + folder, RDONLY | NOSUID | NODEV)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    control = 3
    poll = select.poll()
    poll.register(server, select.POLLIN)
    poll.register(control, select.POLLIN)
    gc.collect()
    gc.freeze()  # so that a run does not copy the pages of what it never looks at
    os.write(1, b"ready\n")
    runs = 0
    while True:
        for file, _ in poll.poll(200 if runs else -1):
            if file == control:
                os._exit(0)  # whoever started us is gone; with process 1 the kernel ends all runs
            connection = server.accept()[0]
            call("unshare", NEWPID)
            try:
                child = os.fork()
            except OSError as error:  # the machine is short of processes: this run fails, the others go on
                connection.sendall(json.dumps({"failed": str(error)}).encode() + b"\n")
                connection.close()
                call("setns", own, NEWPID)
                continue
            if child == 0:
                try:
                    os.closerange(3, connection.fileno())
                    os.closerange(connection.fileno() + 1, 1024)
                    server.detach()
                    keep(connection)
                    connection.detach()
                    return
                except BaseException as error:
                    connection.sendall(json.dumps({"failed": str(error)}).encode() + b"\n")
                    os._exit(FAILED)
            runs += 1
            call("setns", own, NEWPID)
            connection.close()
        while runs and os.waitpid(-1, os.WNOHANG)[0] != 0:
            runs -= 1


try:
    serve()
except BaseException as error:
    os.write(1, str(error).encode())
    os._exit(FAILED)
