// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.EditDistance;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Records of settings to flat JSON and back.
 *
 * <p>Decisions: a component with {@link Setting} is a key; one that holds a record contributes that record's keys, also where
 * its declared type is an interface, so that a choice brings its own keys. Unknown keys, wrong types and values that a
 * record refuses are errors that say which key and where its value comes from. This is the one place that uses reflection.
 */
public final class ConfigTree {
    /**
     * A key of a configuration.
     *
     * @param name in snake case
     * @param type {@code int}, {@code long}, {@code double}, {@code boolean}, {@code String} or an enum
     * @param value its value in the configuration that was asked
     * @param doc what it means
     */
    public record Key(String name, Class<?> type, JsonNode value, String doc) {
        /** What may be written for an enum; empty for other types. */
        public List<String> choices() {
            return Values.choices(type);
        }

        /** Whether JSON's null is a value of its own rather than no value. */
        public boolean isNullable() {
            return Values.isNullable(type);
        }
    }

    private ConfigTree() {}

    /**
     * The configuration of all defaults.
     *
     * @param choices values of components whose type is an interface
     */
    public static <T extends Record> T defaults(Class<T> type, Record... choices) {
        return type.cast(defaults(type, Map.of(), choices));
    }

    private static Object defaults(Class<?> type, Map<String, String> others, Record... choices) {
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            RecordComponent component = components[i];
            Class<?> wanted = component.getType();
            if (component.isAnnotationPresent(Setting.class)) {
                String text = component.getAnnotation(Setting.class).value();
                values[i] = Values.parse(wanted, others.getOrDefault(name(component), text));
            } else if (wanted.isRecord()) {
                values[i] = defaults(wanted, others(component), choices);
            } else {
                values[i] = Stream.of(choices)
                        .filter(wanted::isInstance)
                        .findFirst()
                        .orElseThrow();
            }
        }
        return construct(type, values);
    }

    private static Map<String, String> others(RecordComponent component) {
        return !component.isAnnotationPresent(Defaults.class)
                ? Map.of()
                : Stream.of(component.getAnnotation(Defaults.class).value())
                        .map(assignment -> assignment.split("=", 2))
                        .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
    }

    /**
     * The keys of a configuration in order, with its values.
     *
     * @param choices stand for the configuration's own values of components whose type is an interface
     */
    public static List<Key> keys(Record config, Object... choices) {
        List<Key> keys = new ArrayList<>();
        for (RecordComponent component : config.getClass().getRecordComponents()) {
            if (component.isAnnotationPresent(Setting.class)) {
                keys.add(new Key(
                        name(component),
                        component.getType(),
                        Values.toJson(get(config, component)),
                        component.getAnnotation(Setting.class).doc()));
            } else if (part(config, component, choices) instanceof Record part && hasSettings(part.getClass())) {
                keys.addAll(keys(part));
            }
        }
        return keys;
    }

    /** The names of a configuration's keys. */
    public static List<String> names(Record config, Object... choices) {
        return keys(config, choices).stream().map(Key::name).toList();
    }

    /** Keys and values. */
    public static ObjectNode toJson(Record config) {
        ObjectNode json = Json.object();
        keys(config).forEach(key -> json.set(key.name(), key.value()));
        return json;
    }

    /** A copy with another value for one key, for the {@code with} methods of records. */
    public static <T extends Record> T with(T base, String key, Object value) {
        try {
            return with(base, new Given().set(key, value, key));
        } catch (FormatException e) {
            throw new IllegalArgumentException(e.what(), e);
        }
    }

    /**
     * A copy with the values that were given.
     *
     * @param choices other values for components whose type is an interface
     * @throws FormatException for a key that the copy has not, a value of the wrong type, or one that a record refuses
     */
    @SuppressWarnings("unchecked") // a record rebuilt from its own components
    public static <T extends Record> T with(T base, Given given, Object... choices) {
        List<String> names = names(base, choices);
        for (String key : given.keys()) {
            if (!names.contains(key)) {
                throw unknown(key, given, names);
            }
        }
        try {
            return (T) rebuild(base, given, choices);
        } catch (IllegalArgumentException refused) {
            throw refused(refused, given, names, usual(base, Map.of(), choices), toJson(base));
        }
    }

    private static Object part(Record config, RecordComponent component, Object... choices) {
        return Stream.of(choices)
                .filter(component.getType()::isInstance)
                .findFirst()
                .orElseGet(() -> get(config, component));
    }

    /** Whether keys are in it; a record of somebody else, which may not be open to this module, is left alone. */
    private static boolean hasSettings(Class<?> type) {
        return Stream.of(type.getRecordComponents())
                .anyMatch(component -> component.isAnnotationPresent(Setting.class)
                        || component.getType().isRecord() && hasSettings(component.getType()));
    }

    /** The error for a key that nothing has. */
    private static FormatException unknown(String key, Given given, List<String> names) {
        String nearest = names.stream()
                .min(Comparator.comparingInt(name -> EditDistance.between(key, name)))
                .orElseThrow();
        return new FormatException(
                given.get(key).orElseThrow().origin(),
                "the key '" + key + "' is unknown",
                "Did you mean '" + nearest + "'?");
    }

    private static Record rebuild(Record base, Given given, Object... choices) {
        RecordComponent[] components = base.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        boolean changed = false;
        for (int i = 0; i < components.length; i++) {
            RecordComponent component = components[i];
            Object before = get(base, component);
            values[i] = before;
            if (component.isAnnotationPresent(Setting.class)) {
                String key = name(component);
                if (given.get(key).isPresent()) {
                    values[i] =
                            Values.of(component.getType(), key, given.get(key).get());
                }
            } else {
                Object part = part(base, component, choices);
                values[i] =
                        part instanceof Record record && hasSettings(record.getClass()) ? rebuild(record, given) : part;
            }
            changed |= !values[i].equals(before);
        }
        return changed ? (Record) construct(base.getClass(), values) : base;
    }

    /** What settings are unless they are set, as far as a configuration's records say it. */
    private static Map<String, JsonNode> usual(Record config, Map<String, String> others, Object... choices) {
        Map<String, JsonNode> usual = new HashMap<>();
        for (RecordComponent component : config.getClass().getRecordComponents()) {
            if (component.isAnnotationPresent(Setting.class)) {
                String text = component.getAnnotation(Setting.class).value();
                Object value = Values.parse(component.getType(), others.getOrDefault(name(component), text));
                usual.put(name(component), Values.toJson(value));
            } else if (part(config, component, choices) instanceof Record part && hasSettings(part.getClass())) {
                usual.putAll(usual(part, others(component)));
            }
        }
        return usual;
    }

    /**
     * A record's refusal, with the origin of every key that its message names. The culprit is the one that it names first of those that
     * were given.
     *
     * @param usual what keys are unless they are set
     * @param before what they were before these were given
     */
    private static FormatException refused(
            IllegalArgumentException refused,
            Given given,
            List<String> names,
            Map<String, JsonNode> usual,
            ObjectNode before) {
        String message = String.valueOf(refused.getMessage());
        List<String> named = Stream.of(message.split("[^a-z0-9_]+"))
                .distinct()
                .filter(names::contains)
                .toList();
        String where = named.stream()
                .flatMap(key -> given.get(key).stream().map(Given.Value::origin))
                .findFirst()
                .orElse("the settings");
        String origins = named.stream()
                .map(key -> given.get(key)
                        .map(value -> key + " from " + value.origin())
                        .orElseGet(() -> !before.has(key) || before.path(key).equals(usual.get(key))
                                ? key + " from the defaults"
                                : key + "=" + before.path(key).asText() + " as it was before"))
                .collect(Collectors.joining(", "));
        return new FormatException(
                where, named.size() < 2 ? message : message + " (" + origins + ")", "Correct the value", refused);
    }

    /**
     * An object that is no configuration of this library, in words that are the same in every process: a record with its
     * components, any other object by its class.
     */
    public static JsonNode describe(Object value) {
        Class<?> type = value.getClass();
        if (Values.isPlain(value)) {
            return Values.toJson(value);
        }
        if (value instanceof Enum<?> constant) {
            return text(constant.name());
        }
        if (value instanceof List<?> list) {
            ArrayNode json = JsonNodeFactory.instance.arrayNode();
            list.forEach(part -> json.add(describe(part)));
            return json;
        }
        if (!(value instanceof Record record)) {
            return text(type.isHidden() || type.isSynthetic() ? "a lambda" : type.getName());
        }
        ObjectNode json = Json.object();
        json.put("class", type.getName());
        for (RecordComponent component : type.getRecordComponents()) {
            component.getAccessor().trySetAccessible();
            Object part = get(record, component);
            json.set(name(component), part == null ? JsonNodeFactory.instance.nullNode() : describe(part));
        }
        return json;
    }

    /** A component's name as a key: {@code numGenerations} is {@code num_generations}. */
    static String name(RecordComponent component) {
        return component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static Object get(Record config, RecordComponent component) {
        try {
            return component.getAccessor().invoke(config);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalArgumentException(
                    config.getClass().getName() + " must be a public record to be a configuration", e);
        }
    }

    private static Object construct(Class<?> type, Object... values) {
        Class<?>[] types = Stream.of(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException refused
                    ? refused
                    : new IllegalArgumentException("cannot make a " + type.getName(), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(type.getName() + " must be a public record to be a configuration", e);
        }
    }

    static JsonNode text(String text) {
        return JsonNodeFactory.instance.textNode(text);
    }
}
