// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Walls out of the tools that every Linux has (util-linux, a shell), for machines without bubblewrap.
 *
 * <p>{@code unshare} makes namespaces of users, processes, mounts, network, messages and names. In them a shell is process 1. It builds
 * a root folder out of nothing: {@code /usr} and the program read-only, empty folders in memory, six harmless devices; leaves the
 * host's root; forbids further namespaces; and starts the program in one last namespace of users, in which it is user 1000
 * and has no privileges, not even over process 1. Where there is perl, it sets a {@link CallFilter filter} of system calls too. When that shell ends, the kernel kills every process that is left.
 */
record NamespaceLauncher() implements Launcher {
    private static final List<String> TOP = List.of("bin", "sbin", "lib", "lib32", "lib64", "libx32");
    /** The program and process 1 have one user, and the kernel lets a user change some things about his processes. */
    private static final Mount PROCESS_1 = new Mount("sandbox", "proc/1", "tmpfs", "size=4k,ro,nosuid,nodev");

    private static final String FOLDER = ",nosuid,nodev,X-mount.mkdir";
    private static final List<String> DEVICES = List.of("null", "zero", "full", "random", "urandom");
    private static final List<Path> SETTINGS =
            List.of(Path.of("/etc/ld.so.cache"), Path.of("/etc/alternatives"), Path.of("/etc/ld-musl-x86_64.path"));

    /** $1 the root's place, $2 what is mounted, $3 links, $4 files to mount something on; behind them what is run. */
    private static final String BUILD = """
        set -e
        PATH=/usr/sbin:/usr/bin:/sbin:/bin
        root=$1 fstab=$2 links=$3 files=$4
        shift 4
        mount -t tmpfs -o size=1m,nr_inodes=256,mode=0755,nosuid,nodev sandbox "$root"
        cd "$root"
        mkdir dev etc old
        for link in $links; do ln -s "${link#*:}" "${link%%:*}"; done
        for file in $files; do : > "$file"; done
        echo 'sandbox:x:1000:1000::/box:/bin/sh' > etc/passwd
        echo 'sandbox:x:1000:' > etc/group
        mount --all --fstab "$fstab"
        pivot_root . old
        cd /
        umount -l /old
        rmdir /old
        mount -o remount,bind,ro /
        """;

    private static final String RUN = """
        echo 1 > /proc/sys/user/max_user_namespaces
        cd /box
        echo started >&4
        code=0
        exec 3>&2 2>/dev/null
        "$@" 2>&3 3>&- 4>&- || code=$?
        echo "exit $code" >&4
        exit $code
        """;

    @Override
    public Isolation isolation() {
        return Isolation.NAMESPACES;
    }

    @Override
    public Optional<String> problem() {
        return Tools.missing("setsid", "unshare", "setpriv", "prlimit", "mount", "umount", "pivot_root", "timeout");
    }

    @Override
    public String programFolder(Path host) {
        return "/program";
    }

    @Override
    public List<String> command(Request request) {
        List<String> command = new ArrayList<>(Launcher.opening(request));
        command.addAll(Launcher.identity(request.user()));
        String memory = "size=" + request.limits().fileBytes() + ",nr_inodes=16384,nosuid,nodev,X-mount.mkdir,mode=";
        List<Mount> own = List.of(
                Mount.readOnly(request.program(), "program"),
                new Mount("sandbox-box", "box", "tmpfs", memory + "0755"),
                new Mount("sandbox-tmp", "tmp", "tmpfs", memory + "1777"),
                new Mount("sandbox-shm", "dev/shm", "tmpfs", memory + "1777"));
        command.addAll(inside(request.folder(), request.folders(), own, List.of(PROCESS_1), RUN));
        command.add("setsid"); // a signal to one's group passes through all walls
        command.addAll(Launcher.resources(request));
        command.addAll(List.of("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"));
        command.addAll(CallFilter.opening());
        command.addAll(request.command());
        return command;
    }

    /**
     * A mount that a root folder gets.
     *
     * @param what a folder of the host, or a name
     * @param where below the root
     */
    record Mount(String what, String where, String type, String options) {
        /** A folder of the host, which can be read. */
        static Mount readOnly(Path folder, String where) {
            return new Mount(folder.toString(), where, "none", "bind,ro" + FOLDER);
        }

        /** A folder of the host, which can be written to. */
        static Mount writable(Path folder, String where) {
            return new Mount(folder.toString(), where, "none", "bind" + FOLDER);
        }
    }

    /**
     * The beginning of a command line that runs a shell script as process 1 of new namespaces, with a root folder of its own; arguments may
     * follow, which are the script's.
     *
     * @param folder on the host, for the files that this needs
     * @param folders of the host that are there under their own names, besides {@code /usr}
     * @param own what else is mounted, in order
     * @param last what is mounted on what the others brought
     */
    static List<String> inside(Path folder, List<Path> folders, List<Mount> own, List<Mount> last, String script) {
        List<String> links = new ArrayList<>(List.of(
                "dev/fd:/proc/self/fd",
                "dev/stdin:/proc/self/fd/0",
                "dev/stdout:/proc/self/fd/1",
                "dev/stderr:/proc/self/fd/2"));
        List<String> files = new ArrayList<>();
        Path root = Tools.folder(folder.resolve("root"));
        Path fstab = writeMounts(root, folder, folders, own, last, links, files);
        return List.of(
                "unshare",
                "--user",
                "--map-root-user",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--net",
                "--ipc",
                "--uts",
                "--cgroup",
                "--",
                "/bin/sh",
                "-c",
                BUILD + script,
                "sandbox",
                root.toString(),
                fstab.toString(),
                String.join(" ", links),
                String.join(" ", files));
    }

    /** What is mounted where, in the form of /etc/fstab, so that one process mounts it all. */
    private static Path writeMounts(
            Path root,
            Path folder,
            List<Path> folders,
            List<Mount> own,
            List<Mount> last,
            List<String> links,
            List<String> files) {
        StringBuilder fstab = new StringBuilder();
        mount(fstab, "/usr", root.resolve("usr"), "none", "rbind,ro" + FOLDER);
        for (String top : TOP) {
            Path path = Path.of("/" + top);
            if (Files.isSymbolicLink(path)) {
                links.add(top + ":" + Tools.linkTarget(path));
            } else if (Files.isDirectory(path)) {
                mount(fstab, path.toString(), root.resolve(top), "none", "rbind,ro" + FOLDER);
            }
        }
        for (Path setting : SETTINGS) {
            if (Files.isDirectory(setting)) {
                mount(fstab, setting.toString(), in(root, setting), "none", "bind,ro" + FOLDER);
            } else if (Files.exists(setting)) {
                files.add(setting.toString().substring(1));
                mount(fstab, setting.toString(), in(root, setting), "none", "bind,ro,nosuid,nodev");
            }
        }
        for (Path needed : folders) {
            if (!needed.startsWith("/usr")) {
                mount(fstab, needed.toString(), in(root, needed), "none", "bind,ro" + FOLDER);
            }
        }
        for (String device : DEVICES) {
            files.add("dev/" + device);
            mount(fstab, "/dev/" + device, root.resolve("dev/" + device), "none", "bind,nosuid");
        }
        for (Mount mount : own) {
            mount(fstab, mount.what(), root.resolve(mount.where()), mount.type(), mount.options());
        }
        mount(fstab, "proc", root.resolve("proc"), "proc", "nosuid,nodev,noexec,X-mount.mkdir");
        for (Mount mount : last) {
            mount(fstab, mount.what(), root.resolve(mount.where()), mount.type(), mount.options());
        }
        return Tools.write(folder.resolve("fstab"), fstab.toString());
    }

    private static Path in(Path root, Path absolute) {
        return root.resolve(absolute.toString().substring(1));
    }

    private static void mount(StringBuilder fstab, String what, Path where, String type, String options) {
        fstab.append(escaped(what))
                .append(' ')
                .append(escaped(where.toString()))
                .append(' ')
                .append(type)
                .append(' ')
                .append(options)
                .append(" 0 0\n");
    }

    private static String escaped(String path) {
        return path.replace("\\", "\\134")
                .replace(" ", "\\040")
                .replace("\t", "\\011")
                .replace("\n", "\\012");
    }

    @Override
    public boolean started(String status) {
        return status.startsWith("started\n");
    }

    @Override
    public OptionalInt exitCode(String status) {
        return ShellStatus.exitCode(status);
    }
}
