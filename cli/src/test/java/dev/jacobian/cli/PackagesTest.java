// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.NameAndTypeEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * No cycle between the packages of a module: a room knows those below it and is known to those above. It stands here, because
 * this module sees all others.
 */
class PackagesTest {
    /**
     * Classes that choose between the rooms behind their package and so know them, while these know the package: the doors. One
     * is a reason to look whether it is needed.
     */
    private static final Set<String> DOORS = Set.of("dev.jacobian.tensor.Backends", "dev.jacobian.tensor.Gpus");

    @TestFactory
    Stream<DynamicTest> noModuleHasACycle() {
        List<ResolvedModule> ours = ModuleLayer.boot().configuration().modules().stream()
                .filter(module -> module.name().startsWith("dev.jacobian."))
                .toList();
        assertThat(ours).extracting(ResolvedModule::name).contains("dev.jacobian.tensor", "dev.jacobian.cli");
        return ours.stream()
                .map(module -> DynamicTest.dynamicTest(
                        module.name(),
                        () -> assertThat(cycle(uses(module.reference())))
                                .as("packages of %s that know each other in a ring", module.name())
                                .isEmpty()));
    }

    @Test
    void aCycleIsFound() {
        assertThat(cycle(Map.of("a", Set.of("b"), "b", Set.of("c"), "c", Set.of("b"))))
                .containsExactly("b", "c", "b");
        assertThat(cycle(Map.of("a", Set.of("b", "c"), "b", Set.of("c"), "c", Set.of())))
                .isEmpty();
    }

    /** Which other packages of a module each of its packages knows. */
    private static Map<String, Set<String>> uses(ModuleReference module) throws IOException {
        Map<String, Set<String>> uses = new TreeMap<>();
        module.descriptor().packages().forEach(name -> uses.put(name, new TreeSet<>()));
        try (ModuleReader reader = module.open()) {
            List<String> classes;
            try (Stream<String> files = reader.list()) {
                classes = files.filter(file -> file.endsWith(".class") && !file.endsWith("-info.class"))
                        .toList();
            }
            for (String file : classes) {
                ClassModel code =
                        ClassFile.of().parse(reader.open(file).orElseThrow().readAllBytes());
                ClassDesc self = code.thisClass().asSymbol();
                String outermost = (self.packageName() + "." + self.displayName()).split("\\$")[0];
                if (!DOORS.contains(outermost) && uses.containsKey(self.packageName())) {
                    Set<String> known = uses.get(self.packageName());
                    known.addAll(packages(code));
                    known.retainAll(uses.keySet());
                    known.remove(self.packageName());
                }
            }
        }
        return uses;
    }

    /** The packages of all types that a class names. */
    private static Set<String> packages(ClassModel code) {
        Set<String> names = new HashSet<>();
        for (PoolEntry entry : code.constantPool()) {
            if (entry instanceof ClassEntry type) {
                add(type.asSymbol(), names);
            } else if (entry instanceof NameAndTypeEntry member) {
                add(member.type().stringValue(), names);
            }
        }
        code.fields().forEach(field -> add(field.fieldType().stringValue(), names));
        code.methods().forEach(method -> add(method.methodType().stringValue(), names));
        return names;
    }

    private static void add(String descriptor, Set<String> names) {
        if (descriptor.startsWith("(")) {
            MethodTypeDesc method = MethodTypeDesc.ofDescriptor(descriptor);
            add(method.returnType(), names);
            method.parameterList().forEach(type -> add(type, names));
        } else {
            add(ClassDesc.ofDescriptor(descriptor), names);
        }
    }

    private static void add(ClassDesc type, Set<String> names) {
        ClassDesc element = type;
        while (element.isArray()) {
            element = element.componentType();
        }
        if (!element.isPrimitive()) {
            names.add(element.packageName());
        }
    }

    /** A way from a package back to itself, or nothing. */
    private static List<String> cycle(Map<String, Set<String>> uses) {
        Set<String> done = new HashSet<>();
        for (String start : new TreeSet<>(uses.keySet())) {
            List<String> found = cycle(start, uses, new ArrayDeque<>(), done);
            if (!found.isEmpty()) {
                return found;
            }
        }
        return List.of();
    }

    private static List<String> cycle(String name, Map<String, Set<String>> uses, Deque<String> way, Set<String> done) {
        if (way.contains(name)) {
            List<String> ring = new ArrayList<>(way).subList(List.copyOf(way).indexOf(name), way.size());
            return Stream.concat(ring.stream(), Stream.of(name)).toList();
        }
        if (done.contains(name)) {
            return List.of();
        }
        way.addLast(name);
        for (String next : uses.get(name)) {
            List<String> found = cycle(next, uses, way, done);
            if (!found.isEmpty()) {
                return found;
            }
        }
        way.removeLast();
        done.add(name);
        return List.of();
    }
}
