// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Looks for NVIDIA's libraries where installations put them.
 *
 * <p>The places, first one first: the system property {@value #PROPERTY}, {@code LD_LIBRARY_PATH}, {@code CUDA_HOME} and
 * {@code CUDA_PATH}, the toolkits under {@code /usr/local} (newest first), the place where containers mount the driver,
 * the dynamic linker's cache, the system's library folders, and what pip installs beside PyTorch ({@code
 * site-packages/nvidia/…/lib}) for the Python that is active or on the path and in the usual Python installations.
 *
 * <p>Bounded: libraries are asked for by name, folders of versions are listed without recursion, and a listing ends after
 * {@value #MAX_ENTRIES} entries. Each file found is checked to be a whole shared library of this machine.
 */
public final class LibrarySearch {
    /** Folders, separated as in {@code PATH}, that are searched before all others. */
    static final String PROPERTY = "jacobian.cuda.libraries";

    private static final int MAX_ENTRIES = 4096;
    private static final int MAX_MAJOR = 29;

    private static final List<String> SYSTEM_FOLDERS = List.of(
            "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64", "usr/lib", "usr/lib/wsl/lib");

    private static final Pattern VERSION = Pattern.compile("([0-9]{1,3})\\.([0-9]{1,3})");

    /** Where pip's packages nvidia-cublas (CUDA 13) and nvidia-cublas-cu12 put their libraries. */
    private static final List<String> PIP_FOLDERS = List.of("cu13/lib", "cublas/lib", "cu12/lib");

    private final Path root;
    private final Map<String, String> environment;
    private final Map<Path, String> places = new LinkedHashMap<>();

    /**
     * @param root of the file system
     * @param environment variables; {@code HOME} among them
     * @param first folders to look into before all others, separated as in {@code PATH}; empty for none
     */
    public LibrarySearch(Path root, Map<String, String> environment, String first) {
        this.root = root;
        this.environment = environment;
        addPath(first, PROPERTY);
        addPath(environment.getOrDefault("LD_LIBRARY_PATH", ""), "LD_LIBRARY_PATH");
        addToolkits();
        add(root.resolve("usr/local/nvidia/lib64"), "container");
        addLinkerCache();
        SYSTEM_FOLDERS.forEach(folder -> add(root.resolve(folder), "system"));
        addPythons();
    }

    /** The search on this machine. */
    static LibrarySearch here() {
        return new LibrarySearch(Path.of("/"), System.getenv(), System.getProperty(PROPERTY, ""));
    }

    /** The folders that are searched, in order, each with the reason. */
    Map<Path, String> places() {
        return places;
    }

    /**
     * All files named {@code STEM.N}, N from 1 to {@value #MAX_MAJOR}; by place, the greatest N of a place first.
     *
     * @param stem such as {@code libcublas.so}
     */
    List<FoundLibrary> find(String stem) {
        List<FoundLibrary> found = new ArrayList<>();
        places.forEach((folder, origin) -> {
            for (int major = MAX_MAJOR; major > 0; major--) {
                Path file = folder.resolve(stem + "." + major);
                if (Files.exists(file)) {
                    found.add(new FoundLibrary(file, origin, major, fault(file)));
                }
            }
        });
        return found;
    }

    private static String fault(Path file) {
        try {
            ElfHeader.read(file);
            return "";
        } catch (IOException unusable) {
            String message = unusable.getMessage();
            return message == null ? unusable.toString() : message;
        }
    }

    private void addPath(String path, String origin) {
        for (String folder : path.split(File.pathSeparator)) {
            // An empty entry means the working folder to the dynamic linker: nothing to load a driver from.
            if (!folder.isBlank() && folder.indexOf('\0') < 0) {
                add(Path.of(folder), origin);
            }
        }
    }

    private void addToolkits() {
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            String home = environment.getOrDefault(variable, "");
            if (!home.isBlank()) {
                addToolkit(Path.of(home), variable);
            }
        }
        addToolkit(root.resolve("usr/local/cuda"), "toolkit");
        matching(root.resolve("usr/local"), "cuda-").forEach(toolkit -> addToolkit(toolkit, "toolkit"));
    }

    private void addToolkit(Path home, String origin) {
        for (String folder : List.of("lib64", "lib", "targets/x86_64-linux/lib")) {
            add(home.resolve(folder), origin);
        }
    }

    private void addLinkerCache() {
        try {
            for (String path : LinkerCache.paths(Files.readAllBytes(root.resolve("etc/ld.so.cache")))) {
                String file = path.substring(path.lastIndexOf('/') + 1);
                if (path.startsWith("/") && (file.startsWith("libcuda.so.") || file.startsWith("libcublas"))) {
                    Path folder = root.resolve(path.substring(1)).getParent();
                    if (folder != null) {
                        add(folder, "ld.so.cache");
                    }
                }
            }
        } catch (IOException noCache) {
            // one place of several: musl has none, a container may have none
        }
    }

    private void addPythons() {
        Set<Path> prefixes = new TreeSet<>();
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            String prefix = environment.getOrDefault(variable, "");
            if (!prefix.isBlank()) {
                addPython(Path.of(prefix), variable);
            }
        }
        // Not through symbolic links: those lead out of a virtual environment, to the Python that it was made from.
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (folder.startsWith("/") && folder.indexOf('\0') < 0) {
                Path programs = Path.of(folder);
                Path prefix = programs.getParent();
                if (prefix != null && Files.isExecutable(programs.resolve("python3"))) {
                    addPython(prefix, "python3 on PATH");
                }
            }
        }
        String home = environment.getOrDefault("HOME", "");
        if (!home.isBlank()) {
            for (String name : List.of(".local", ".venv", "venv", "miniconda3", "anaconda3", "miniforge3")) {
                prefixes.add(Path.of(home, name));
            }
            prefixes.addAll(matching(Path.of(home, ".pyenv/versions"), ""));
        }
        for (String name : List.of("usr/local", "usr", "opt/conda", "opt/venv", "venv")) {
            prefixes.add(root.resolve(name));
        }
        prefixes.addAll(matching(root.resolve("opt"), "python"));
        prefixes.forEach(prefix -> addPython(prefix, "pip"));
    }

    private void addPython(Path prefix, String origin) {
        for (Path version : matching(prefix.resolve("lib"), "python3")) {
            for (String packages : List.of("site-packages", "dist-packages")) {
                for (String folder : PIP_FOLDERS) {
                    add(version.resolve(packages).resolve("nvidia").resolve(folder), origin);
                }
            }
        }
    }

    private void add(Path folder, String origin) {
        Path normal = folder.toAbsolutePath().normalize();
        if (Files.isDirectory(normal)) {
            places.putIfAbsent(normal, origin);
        }
    }

    /** Folders whose name begins so, the newest version first: 12.10 before 12.9. */
    private static List<Path> matching(Path parent, String beginning) {
        return list(parent).stream()
                .filter(path -> path.getFileName().toString().startsWith(beginning) && Files.isDirectory(path))
                .sorted(Comparator.comparing(LibrarySearch::version)
                        .reversed()
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    /** The version in a name as one number: 12010 of {@code cuda-12.10}. */
    private static int version(Path path) {
        Matcher matcher = VERSION.matcher(path.getFileName().toString());
        return matcher.find() ? Integer.parseInt(matcher.group(1)) * 1000 + Integer.parseInt(matcher.group(2)) : 0;
    }

    private static List<Path> list(Path folder) {
        List<Path> entries = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return entries;
        }
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            for (Path entry : stream) {
                if (entries.size() == MAX_ENTRIES) {
                    break;
                }
                entries.add(entry);
            }
        } catch (IOException | DirectoryIteratorException unreadable) {
            // what cannot be listed holds nothing for us
        }
        return entries;
    }
}
