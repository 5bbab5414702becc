// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import dev.jacobian.io.FormatException;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Layout;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What an adapter changes of a model, and the tensors that it has for that, as PEFT names them.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Everything follows from {@link DecoderPlan#tensors}, so every family has adapters without a line of its own. Matrices that a
 *       checkpoint keeps in one tensor (Phi-3's queries, keys and values) share A, and the rows of B lie as theirs do; what a checkpoint keeps
 *       lying (GPT-2) has A and B upright, as in PEFT.
 *   <li>A tied head is a module of its own, {@code lm_head}: an adapter may change it and leave the embedding, or the other way
 *       round, as in PEFT. A merged checkpoint then has both.
 *   <li>What is named and cannot be changed (experts, what chooses them, convolutions, learned positions) is an error.
 * </ul>
 */
public final class LoraPlan {
    /** What the names of all tensors begin with. */
    public static final String PREFIX = "base_model.model.";

    private record Place(Role role, Kind kind, int layer) {
        static Place of(TensorSpec spec) {
            return new Place(spec.role(), spec.kind(), spec.layer());
        }
    }

    private final LoraConfig config;
    private final String where;
    private final Map<Place, LoraTarget> targets = new LinkedHashMap<>();
    private final Map<Place, TensorSpec> whole = new LinkedHashMap<>();
    private final Map<String, TensorSpec> tensors = new LinkedHashMap<>();
    private final Set<String> matched = new TreeSet<>(); // names of target_modules
    private final List<String> known = new ArrayList<>(); // for advice
    private final List<TensorSpec> ends = new ArrayList<>();

    private LoraPlan(LoraConfig config, String where) {
        this.config = config;
        this.where = where;
    }

    /**
     * The plan of an adapter.
     *
     * @param plan of the model, under the names that its family has in a whole checkpoint
     * @param where the configuration comes from, for messages
     * @throws FormatException if nothing is changed, or something that cannot be
     */
    public static LoraPlan of(LoraConfig config, DecoderPlan plan, String where) {
        LoraPlan adapter = new LoraPlan(config, where);
        List<TensorSpec> specs = new ArrayList<>(plan.tensors());
        boolean tied = plan.head() instanceof Head.TiedTokens;
        if (tied) {
            specs.add(tiedHead(plan));
        }
        Set<String> defaults = config.targets() instanceof Modules.Default ? adapter.defaults(plan, specs) : Set.of();
        specs.forEach(spec -> adapter.add(spec, defaults));
        specs.stream()
                .filter(spec -> spec.role() == Role.EMBEDDING || spec.role() == Role.HEAD)
                .forEach(adapter.ends::add);
        adapter.requireTargets();
        adapter.biases(specs);
        if (config.tied() && tied && adapter.changesTied()) {
            throw adapter.wrong(
                    "ensure_weight_tying is true, which is not supported for a model whose head is its embedding",
                    "Set it to false: embedding and head are then changed apart");
        }
        return adapter;
    }

    /** A head that is the embedding, as a tensor of its own. */
    public static TensorSpec tiedHead(DecoderPlan plan) {
        return plan.withHead(new Head.Tokens()).tensors().getLast();
    }

    /** The path of the module that a checkpoint keeps a tensor in. */
    static String module(TensorSpec spec) {
        return spec.layout().stored().replaceFirst("\\.(weight|bias)$", "");
    }

    private Set<String> defaults(DecoderPlan plan, List<TensorSpec> specs) {
        boolean plain = plan.layers().stream().allMatch(layer -> layer.mixer() instanceof Attention.Grouped);
        if (!plain) {
            throw wrong(
                    "target_modules is not given, and the family has no default", "Name modules, or \"all-linear\"");
        }
        return specs.stream()
                .filter(spec -> spec.role() == Role.QUERY || spec.role() == Role.VALUE)
                .map(LoraPlan::module)
                .collect(Collectors.toSet());
    }

    private void add(TensorSpec spec, Set<String> defaults) {
        String module = module(spec);
        if (spec.kind() == Kind.BUFFER) {
            return;
        }
        if (isSaved(module)) {
            requirePlain(spec, "modules_to_save");
            put(whole, spec, module + suffix(spec));
            return;
        }
        if (spec.kind() == Kind.BIAS || spec.kind() == Kind.EXPERT_BIASES) {
            return;
        }
        known.add(module);
        if (isExcluded(module) || !isTarget(spec, module, defaults)) {
            return;
        }
        requireChangeable(spec, module);
        targets.put(Place.of(spec), spec.kind() == Kind.TABLE ? table(spec, module) : matrix(spec, module));
    }

    private boolean isSaved(String module) {
        if (config.saved().isEmpty()) {
            return false;
        }
        for (int end = module.indexOf('.'); ; end = module.indexOf('.', end + 1)) {
            String path = end < 0 ? module : module.substring(0, end);
            if (config.saved().stream().anyMatch(path::endsWith)) {
                return true;
            }
            if (end < 0) {
                return false;
            }
        }
    }

    private boolean isExcluded(String module) {
        return config.excluded()
                .map(excluded -> switch (excluded) {
                    case Modules.Named named ->
                        named.names().stream().anyMatch(name -> Modules.Named.means(name, module));
                    case Modules.Matching matching -> matching.pattern().matches(module);
                    case Modules.AllLinear all -> false;
                    case Modules.Default none -> false;
                })
                .orElse(false);
    }

    private boolean isTarget(TensorSpec spec, String module, Set<String> defaults) {
        return switch (config.targets()) {
            case Modules.Default none -> defaults.contains(module);
            case Modules.AllLinear all ->
                spec.kind() == Kind.MATRIX
                        && spec.role() != Role.HEAD
                        && spec.role() != Role.SCORE
                        && spec.role() != Role.ROUTER
                        && inLayers(module);
            case Modules.Matching matching -> matching.pattern().matches(module);
            case Modules.Named named -> {
                List<String> means = named.names().stream()
                        .filter(name -> Modules.Named.means(name, module))
                        .toList();
                matched.addAll(means);
                yield means.contains(module) || !means.isEmpty() && inLayers(module);
            }
        };
    }

    private boolean inLayers(String module) {
        if (config.layers().isEmpty()) {
            return true;
        }
        Stream<String> lists = config.layersPattern().isEmpty()
                ? Stream.of("[^.]*")
                : config.layersPattern().stream().map(Pattern::quote);
        return lists.map(list -> Pattern.compile(".*\\." + list + "\\.(\\d+)\\."))
                .map(pattern -> pattern.matcher(module))
                .filter(Matcher::lookingAt)
                .findFirst()
                .map(matcher -> config.layers().contains(Integer.parseInt(matcher.group(1))))
                .orElse(false);
    }

    private void requireChangeable(TensorSpec spec, String module) {
        switch (spec.kind()) {
            case MATRIX -> {
                if (spec.role() == Role.ROUTER) {
                    throw wrong(
                            "target_modules takes in " + module + ", which chooses experts and cannot be changed",
                            "Leave it out, or name it in exclude_modules or modules_to_save");
                }
            }
            case TABLE -> {
                if (spec.role() != Role.EMBEDDING || config.magnitudes()) {
                    throw wrong(
                            "target_modules takes in " + module + ", a table that "
                                    + (config.magnitudes() ? "use_dora" : "an adapter") + " cannot change",
                            "Leave it out, or name it in modules_to_save");
                }
            }
            case EXPERTS ->
                throw wrong(
                        "target_modules takes in " + module
                                + ", the weights of experts, which an adapter cannot change",
                        "Name them in exclude_modules, such as \".*experts.*\"");
            case GAIN, GAIN_LESS_ONE, HEAD_GAINS, BIAS, EXPERT_BIASES, TAPS, PER_HEAD, BUFFER ->
                throw wrong(
                        "target_modules takes in " + module + ", which is no linear layer",
                        "Leave it out, or name it in modules_to_save");
        }
    }

    private LoraTarget matrix(TensorSpec spec, String module) {
        int r = config.rank(module);
        String path = PREFIX + module;
        TensorSpec a = tensor(spec, Kind.MATRIX, path + ".lora_A.weight", List.of(r, spec.rowElements()));
        TensorSpec b = beside(spec, Kind.MATRIX, path + ".lora_B.weight", List.of(spec.rows(), r));
        Optional<TensorSpec> magnitude = config.magnitudes()
                ? Optional.of(beside(spec, Kind.BIAS, path + ".lora_magnitude_vector", List.of(spec.rows())))
                : Optional.empty();
        return new LoraTarget(spec, module, config.scale(module), a, b, magnitude);
    }

    private LoraTarget table(TensorSpec spec, String module) {
        int r = config.rank(module);
        String path = PREFIX + module;
        String stored = path + ".lora_embedding_A";
        Layout lying = new Layout(stored, Layout.Order.TRANSPOSED, spec.rows(), 0, spec.rows(), spec.rows());
        TensorSpec a =
                put(new TensorSpec(spec.role(), Kind.TABLE, spec.layer(), stored, List.of(spec.rows(), r), lying));
        TensorSpec b = tensor(spec, Kind.MATRIX, path + ".lora_embedding_B", List.of(spec.rowElements(), r));
        return new LoraTarget(spec, module, config.scale(module), a, b, Optional.empty());
    }

    /** A tensor that is stored as it is. */
    private TensorSpec tensor(TensorSpec spec, Kind kind, String stored, List<Integer> extents) {
        int rows = extents.getFirst();
        Layout layout = new Layout(stored, Layout.Order.PLAIN, rows, 0, rows, rows);
        return put(new TensorSpec(spec.role(), kind, spec.layer(), stored, extents, layout));
    }

    /** A tensor whose rows lie as those of a matrix do. */
    private TensorSpec beside(TensorSpec spec, Kind kind, String stored, List<Integer> extents) {
        return put(like(spec, kind, stored, extents, Layout.Order.PLAIN));
    }

    private static TensorSpec like(
            TensorSpec spec, Kind kind, String stored, List<Integer> extents, Layout.Order order) {
        Layout base = spec.layout();
        String name = base.isWhole(spec) ? stored : stored + "[" + spec.role() + "]";
        Layout layout = new Layout(stored, order, base.rows(), base.first(), base.block(), base.stride());
        return new TensorSpec(spec.role(), kind, spec.layer(), name, extents, layout);
    }

    private TensorSpec put(TensorSpec tensor) {
        TensorSpec before = tensors.putIfAbsent(tensor.name(), tensor);
        return before == null ? tensor : before;
    }

    private void put(Map<Place, TensorSpec> map, TensorSpec spec, String path) {
        map.put(
                Place.of(spec),
                put(like(
                        spec,
                        spec.kind(),
                        PREFIX + path,
                        spec.extents(),
                        spec.layout().order())));
    }

    private static String suffix(TensorSpec spec) {
        String stored = spec.layout().stored();
        return stored.substring(module(spec).length());
    }

    private void requirePlain(TensorSpec spec, String key) {
        if (spec.kind() == Kind.EXPERTS || spec.kind() == Kind.EXPERT_BIASES) {
            throw wrong(key + " takes in the weights of experts, " + module(spec), "Leave them out");
        }
    }

    private void biases(List<TensorSpec> specs) {
        Set<String> changed = targets.values().stream().map(LoraTarget::module).collect(Collectors.toSet());
        Predicate<TensorSpec> trained = spec -> spec.kind() == Kind.BIAS
                && !whole.containsKey(Place.of(spec))
                && switch (config.bias()) {
                    case NONE -> false;
                    case ALL -> true;
                    case LORA_ONLY -> changed.contains(module(spec));
                };
        for (TensorSpec spec : specs) {
            if (config.bias() == Bias.ALL && spec.kind() == Kind.EXPERT_BIASES) {
                requirePlain(spec, "bias 'all'");
            }
            if (trained.test(spec)) {
                String module = module(spec);
                put(whole, spec, module + (changed.contains(module) ? ".base_layer" : "") + suffix(spec));
            }
        }
    }

    private void requireTargets() {
        if (config.targets() instanceof Modules.Named named) {
            List<String> unmatched = named.names().stream()
                    .filter(name -> !matched.contains(name))
                    .toList();
            if (!unmatched.isEmpty() && unmatched.size() < named.names().size()) {
                System.getLogger(LoraPlan.class.getName())
                        .log(
                                System.Logger.Level.WARNING,
                                where + ": the model has no module for " + unmatched.size()
                                        + " of the target_modules, such as '" + printable(unmatched.getFirst()) + "'");
            }
        }
        if (targets.isEmpty()) {
            throw wrong(
                    "target_modules takes in none of the model's modules",
                    "It has modules such as "
                            + known.stream()
                                    .filter(module -> module.contains(".0."))
                                    .distinct()
                                    .limit(12)
                                    .collect(Collectors.joining(", ")));
        }
    }

    /** A name from a file that nobody vouches for, fit for a terminal. */
    private static String printable(String name) {
        return name.substring(0, Math.min(60, name.length())).replaceAll("[^ -~]", "?");
    }

    private boolean changesTied() {
        return Stream.concat(targets.keySet().stream(), whole.keySet().stream())
                .anyMatch(place -> place.role() == Role.EMBEDDING || place.role() == Role.HEAD);
    }

    private FormatException wrong(String what, String fix) {
        return new FormatException(where, what, fix);
    }

    /** What it was made from. */
    public LoraConfig config() {
        return config;
    }

    /** How a matrix or table is changed. */
    public Optional<LoraTarget> target(TensorSpec spec) {
        return Optional.ofNullable(targets.get(Place.of(spec)));
    }

    /** The tensor that stands for one of the model that is trained whole: a bias, or a module to save. */
    public Optional<TensorSpec> whole(TensorSpec spec) {
        return Optional.ofNullable(whole.get(Place.of(spec)));
    }

    /** Whether what is trained whole keeps its trained numbers when the adapter is turned off: biases do, modules to save do not, as in PEFT. */
    public boolean staysWithoutAdapter(TensorSpec spec) {
        return !isSaved(module(spec));
    }

    /** The embedding and the head of the model, of which PEFT may save copies beside an adapter of them. */
    public List<TensorSpec> ends() {
        return ends;
    }

    /** All matrices and tables that are changed, in the order of the model. */
    public List<LoraTarget> targets() {
        return List.copyOf(targets.values());
    }

    /** All tensors of the adapter, in the order of the model. */
    public List<TensorSpec> tensors() {
        return List.copyOf(tensors.values());
    }

    /** Number of parameters. */
    public long parameters() {
        return tensors().stream().mapToLong(TensorSpec::elements).sum();
    }

    /** The last parts of the paths of all modules that are changed, for a configuration that names none. */
    List<String> names() {
        return targets.values().stream()
                .map(target -> target.module().substring(target.module().lastIndexOf('.') + 1))
                .distinct()
                .sorted()
                .toList();
    }

    /** Whether one of them is stored lying. */
    boolean hasLying() {
        return targets.values().stream()
                .anyMatch(target -> target.base().layout().order() == Layout.Order.TRANSPOSED);
    }
}
