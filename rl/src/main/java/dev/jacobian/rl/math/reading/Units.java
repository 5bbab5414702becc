// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Unit;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The units that answers come in, by name and abbreviation, and phrases of them: {@code square centimeters}, {@code km/h},
 * {@code miles per hour}.
 *
 * <p>Currencies are dimensions of their own, for nobody knows today's rate; so is a noun that is no unit (apples), so that 5 apples are
 * not 5 pears. Abbreviations keep their case (mW and MW), names do not.
 */
public final class Units {

    private static final Map<String, Unit> EXACT = new HashMap<>();
    private static final Map<String, Unit> NAMES = new HashMap<>();

    /** Words that say that a number counts something, and not what. */
    private static final Set<String> EMPTY = Set.of(
            "unit",
            "units",
            "square units",
            "sq units",
            "cubic units",
            "units squared",
            "units cubed",
            "in total",
            "total",
            "times",
            "items",
            "points",
            "ways",
            "way",
            "more",
            "left",
            "remaining",
            "altogether",
            "です",
            "입니다");

    /** Words that change the number before them, or take it back: what they stand in is no unit. */
    private static final Set<String> OPERATIONS = Set.of(
            "factorial",
            "squared",
            "cubed",
            "times",
            "plus",
            "minus",
            "over",
            "divided",
            "choose",
            "root",
            "mod",
            "modulo",
            "sqrt",
            "percent",
            "hundred",
            "thousand",
            "million",
            "billion",
            "trillion",
            "dozen",
            "infinity",
            "theta",
            "alpha",
            "beta",
            "wrong",
            "incorrect",
            "maybe",
            "perhaps",
            "probably",
            "possibly",
            "below",
            "above",
            "under",
            "less",
            "fewer",
            "most",
            "least",
            "remainder",
            "approximately",
            "roughly",
            "otherwise",
            "instead",
            "unless",
            "or",
            "not",
            "than",
            "at",
            "no",
            "nor",
            "half",
            "twice",
            "thirds",
            "quarters",
            "up",
            "down",
            "off");

    static {
        length();
        mass();
        time();
        volumes();
        physics();
        money();
        chineseNames();
    }

    /** Or, and, not, wrong, above, below, about, more, less, ten thousand, a hundred million. */
    private static final Pattern CHINESE_OPERATIONS = Pattern.compile("[或和与不错误以上下左右约多少万亿千百至到]");

    /** Words in brackets behind a value. */
    private static final Pattern REMARK = Pattern.compile("\\([\\p{L} -]+\\)");

    private static final Pattern RAISED = Pattern.compile("(?<=units?)\\^[23]$");
    private static final Pattern BLANKS = Pattern.compile("\\s+");
    private static final Pattern SCALE = Pattern.compile("degrees? (?:c|f|celsius|fahrenheit)");
    /** $5 per person, $5 each. */
    private static final Pattern EACH = Pattern.compile("per (?!cent)\\p{L}{3,20}|each|apiece");

    private static final Pattern NOUN = Pattern.compile("[\\p{L} .'-]{2,}");
    private static final Pattern PER = Pattern.compile("\\s*/\\s*|\\s+per\\s+|^per\\s+");
    private static final Pattern FACTORS = Pattern.compile("(?:[\\s*·]|-(?!\\d))+");

    /** {@code ms^-1}, as British school books write it; nobody counts by the millisecond. */
    private static final Unit METERS_BY_SECONDS = new Unit(Map.of("length", 1, "time", -1), Rational.ONE);

    private Units() {}

    private static void unit(String dimension, Rational factor, String abbreviations, String names) {
        define(Unit.of(dimension, factor), abbreviations, names);
    }

    private static void define(Unit unit, String abbreviations, String names) {
        for (String abbreviation : abbreviations.split(" ")) {
            if (!abbreviation.isEmpty()) {
                EXACT.put(abbreviation, unit);
            }
        }
        for (String name : names.split(" ")) {
            if (!name.isEmpty()) {
                NAMES.put(name, unit);
                NAMES.put(name + "s", unit);
            }
        }
    }

    /** With the prefixes that occur: milli, centi, kilo and so on. */
    private static void metric(Unit unit, String symbol, String name) {
        define(unit, symbol, name);
        String[][] prefixes = {
            {"p", "pico", "-12"},
            {"n", "nano", "-9"},
            {"u", "micro", "-6"},
            {"m", "milli", "-3"},
            {"c", "centi", "-2"},
            {"d", "deci", "-1"},
            {"k", "kilo", "3"},
            {"M", "mega", "6"},
            {"G", "giga", "9"},
            {"T", "tera", "12"}
        };
        for (String[] prefix : prefixes) {
            Rational factor = unit.factor().times(Rational.of(10).power(Integer.parseInt(prefix[2])));
            define(new Unit(unit.dimensions(), factor), prefix[0] + symbol, prefix[1] + name);
        }
    }

    private static void chineseNames() {
        String[][] names = {
            {"米", "m"}, {"厘米", "cm"}, {"毫米", "mm"}, {"千米", "km"}, {"公里", "km"}, {"克", "g"}, {"千克", "kg"}, {"公斤", "kg"},
            {"吨", "t"}, {"秒", "s"}, {"分钟", "min"}, {"小时", "h"}, {"天", "d"}, {"升", "L"}, {"毫升", "mL"}, {"平方米", "m^2"},
            {"平方厘米", "cm^2"}, {"立方米", "m^3"}, {"立方厘米", "cm^3"}, {"度", "deg"}, {"元", "元"}
        };
        for (String[] name : names) {
            power(name[1]).ifPresent(unit -> NAMES.put(name[0], unit));
        }
    }

    private static void length() {
        Rational inch = Rational.of(254, 10_000);
        metric(Unit.of("length", Rational.ONE), "m", "meter");
        for (String prefix : new String[] {"", "centi", "milli", "kilo", "deci", "micro", "nano"}) {
            NAMES.put(prefix + "metre", NAMES.get(prefix + "meter"));
            NAMES.put(prefix + "metres", NAMES.get(prefix + "meter"));
        }
        unit("length", inch, "in", "inch inche");
        unit("length", inch.times(Rational.of(12)), "ft", "foot feet");
        unit("length", inch.times(Rational.of(36)), "yd yds", "yard");
        unit("length", inch.times(Rational.of(63_360)), "mi", "mile");
        unit("length", Rational.of(1852), "nmi", "");
        unit("length", Rational.of(149_597_870_700L), "AU", "");
        unit("length", Rational.of(9_460_730_472_580_800L), "ly", "lightyear");
    }

    private static void mass() {
        metric(Unit.of("mass", Rational.ONE), "g", "gram");
        unit("mass", Rational.of(45_359_237, 100_000), "lb lbs", "pound");
        unit("mass", Rational.of(45_359_237, 1_600_000), "oz", "ounce");
        unit("mass", Rational.of(1_000_000), "t", "tonne");
        unit("mass", Rational.of(90_718_474, 100), "", "ton");
    }

    private static void time() {
        metric(Unit.of("time", Rational.ONE), "s", "second");
        unit("time", Rational.ONE, "sec secs", "");
        unit("time", Rational.of(60), "min mins", "minute");
        unit("time", Rational.of(3600), "h hr hrs", "hour");
        unit("time", Rational.of(86_400), "d", "day");
        unit("time", Rational.of(604_800), "wk wks", "week");
        unit("months", Rational.ONE, "mo", "month");
        unit("months", Rational.of(12), "yr yrs", "year");
        unit("months", Rational.of(120), "", "decade");
        unit("months", Rational.of(1200), "", "century centurie");
        define(Unit.of("time", Rational.ONE).power(-1), "Hz", "hertz");
        define(new Unit(Map.of("time", -1), Rational.of(1000)), "kHz", "kilohertz");
        define(new Unit(Map.of("time", -1), Rational.of(1_000_000)), "MHz", "megahertz");
        define(new Unit(Map.of("length", 1, "time", -1), Rational.of(1000, 3600)), "kph kmh kmph", "");
        define(new Unit(Map.of("length", 1, "time", -1), Rational.of(160_934_4L, 3_600_000)), "mph", "");
        define(new Unit(Map.of("length", 1, "time", -1), Rational.of(1852, 3600)), "kn", "knot");
    }

    private static void volumes() {
        Unit cubicMeter = new Unit(Map.of("length", 3), Rational.ONE);
        Unit liter = new Unit(cubicMeter.dimensions(), Rational.of(1, 1000));
        metric(liter, "L", "liter");
        metric(liter, "l", "litre");
        Rational gallon = Rational.of(3_785_411_784L, 1_000_000_000_000L);
        define(new Unit(cubicMeter.dimensions(), gallon), "gal", "gallon");
        define(new Unit(cubicMeter.dimensions(), gallon.times(Rational.of(1, 4))), "qt", "quart");
        define(new Unit(cubicMeter.dimensions(), gallon.times(Rational.of(1, 8))), "pt", "pint");
        define(new Unit(cubicMeter.dimensions(), gallon.times(Rational.of(1, 16))), "", "cup");
        define(new Unit(Map.of("length", 2), Rational.of(10_000)), "ha", "hectare");
        define(new Unit(Map.of("length", 2), Rational.of(40_468_564_224L, 10_000_000)), "ac", "acre");
        define(new Unit(cubicMeter.dimensions(), Rational.of(1, 1_000_000)), "cc", "");
    }

    private static void physics() {
        metric(new Unit(Map.of("mass", 1, "length", 1, "time", -2), Rational.of(1000)), "N", "newton");
        metric(new Unit(Map.of("mass", 1, "length", 2, "time", -2), Rational.of(1000)), "J", "joule");
        metric(new Unit(Map.of("mass", 1, "length", 2, "time", -3), Rational.of(1000)), "W", "watt");
        metric(new Unit(Map.of("mass", 1, "length", -1, "time", -2), Rational.of(1000)), "Pa", "pascal");
        unit("pressure", Rational.ONE, "atm", "atmosphere");
        unit("food energy", Rational.ONE, "cal", "calorie");
        unit("food energy", Rational.of(1000), "kcal", "kilocalorie");
        metric(Unit.of("current", Rational.ONE), "A", "amp");
        NAMES.put("ampere", NAMES.get("amp"));
        NAMES.put("amperes", NAMES.get("amp"));
        metric(new Unit(Map.of("mass", 1, "length", 2, "time", -3, "current", -1), Rational.of(1000)), "V", "volt");
        unit("resistance", Rational.ONE, "", "ohm");
        metric(new Unit(Map.of("current", 1, "time", 1), Rational.ONE), "C", "coulomb");
        metric(Unit.of("amount", Rational.ONE), "mol", "mole");
        unit("kelvin", Rational.ONE, "K", "kelvin");
        unit("celsius", Rational.ONE, "", "celsius");
        unit("fahrenheit", Rational.ONE, "", "fahrenheit");
        define(Unit.DEGREE, "deg degs", "degree");
        define(Unit.ARC_MINUTE, "arcmin", "arcminute");
        define(Unit.ARC_SECOND, "arcsec", "arcsecond");
        unit("information", Rational.ONE, "bit", "bit");
        unit("information", Rational.of(8), "B", "byte");
        unit("information", Rational.of(8000), "kB KB", "kilobyte");
        unit("information", Rational.of(8_000_000), "MB", "megabyte");
        unit("information", Rational.of(8_000_000_000L), "GB", "gigabyte");
        define(Unit.RADIAN, "rad rads", "radian");
        define(Unit.PERCENT, "%", "percent percentage");
    }

    private static void money() {
        unit("USD", Rational.ONE, "$ USD US$", "dollar buck");
        unit("USD", Rational.of(1, 100), "¢", "cent");
        unit("USD", Rational.of(1, 4), "", "");
        unit("EUR", Rational.ONE, "€ EUR", "euro");
        unit("GBP", Rational.ONE, "£ GBP", "");
        unit("GBP", Rational.of(1, 100), "", "pence penny pennie");
        unit("JPY", Rational.ONE, "¥ JPY", "yen");
        unit("CNY", Rational.ONE, "CNY RMB 元", "yuan");
        unit("INR", Rational.ONE, "₹ INR", "rupee");
        unit("CHF", Rational.ONE, "CHF", "franc");
        unit("CAD", Rational.ONE, "CAD", "");
        unit("AUD", Rational.ONE, "AUD", "");
        unit("KRW", Rational.ONE, "₩ KRW", "");
        unit("RUB", Rational.ONE, "₽ RUB", "ruble rouble");
    }

    /** The unit or measure word that a run of Chinese letters behind a number is; empty for what does something to the number. */
    static Optional<Unit> chinese(String run) {
        if (Connectors.is(run)
                || Scales.named(run).isPresent()
                || CHINESE_OPERATIONS.matcher(run).find()) {
            return Optional.empty();
        }
        Unit unit = NAMES.get(run);
        return Optional.of(unit != null ? unit : Unit.NONE);
    }

    /** The unit with a name or abbreviation. */
    public static Optional<Unit> named(String name) {
        Unit exact = EXACT.get(name);
        if (exact != null) {
            return Optional.of(exact);
        }
        String word = name.toLowerCase(Locale.ROOT);
        word = word.endsWith(".") ? word.substring(0, word.length() - 1) : word;
        Unit unit = NAMES.get(word);
        return Optional.ofNullable(unit != null || word.length() < 2 ? unit : EXACT.get(word));
    }

    /**
     * The unit that a phrase means: names with powers, products and quotients.
     *
     * @param nouns whether a noun that is no unit may stand for one
     */
    public static Optional<Unit> phrase(String text, boolean nouns) {
        String phrase = BLANKS.matcher(text.strip()).replaceAll(" ");
        String lower = phrase.toLowerCase(Locale.ROOT);
        if (phrase.isEmpty() || phrase.length() > 80) {
            return Optional.empty();
        }
        if (EMPTY.contains(RAISED.matcher(lower).replaceFirst(""))) {
            return Optional.of(Unit.NONE);
        }
        if (lower.equals("basis points") || lower.equals("basis point")) {
            return Optional.of(Unit.PERCENT.times(Unit.PERCENT));
        }
        if (lower.equals("percentage points") || lower.equals("percentage point")) {
            return Optional.of(Unit.PERCENT);
        }
        if (lower.startsWith("degree") && SCALE.matcher(lower).matches()) {
            return named(lower.contains(" c") ? "celsius" : "fahrenheit");
        }
        if (nouns
                && REMARK.matcher(lower).matches()
                && BLANKS.splitAsStream(lower.replaceAll("[()]", " ").strip()).noneMatch(Units::changesNumbers)) {
            return Optional.of(Unit.NONE);
        }
        Optional<Unit> unit = quotient(phrase.replace("per cent", "percent"));
        return unit.isPresent() || !nouns && !EACH.matcher(lower).matches() ? unit : noun(lower);
    }

    /** Whether a word does something to the number that it stands behind. */
    static boolean changesNumbers(String word) {
        return OPERATIONS.contains(word.toLowerCase(Locale.ROOT));
    }

    private static Optional<Unit> noun(String lower) {
        if (!NOUN.matcher(lower).matches() || BLANKS.splitAsStream(lower).anyMatch(Units::changesNumbers)) {
            return Optional.empty();
        }
        boolean one = lower.indexOf(' ') < 0 && !EACH.matcher(lower).matches();
        return Optional.of(one ? Unit.of("noun " + singular(lower), Rational.ONE) : Unit.NONE);
    }

    private static String singular(String noun) {
        if (noun.equals("people") || noun.equals("children") || noun.equals("men") || noun.equals("women")) {
            return switch (noun) {
                case "people" -> "person";
                case "children" -> "child";
                default -> noun.replace("men", "man");
            };
        }
        if (noun.endsWith("ies") && noun.length() > 4) {
            return noun.substring(0, noun.length() - 3) + "y";
        }
        return noun.endsWith("s") && noun.length() > 3 ? noun.substring(0, noun.length() - 1) : noun;
    }

    private static Optional<Unit> quotient(String phrase) {
        String[] parts = PER.split(phrase, 3);
        Optional<Unit> unit = parts[0].isEmpty() ? Optional.of(Unit.NONE) : product(parts[0]);
        for (int k = 1; k < parts.length; k++) {
            Optional<Unit> divisor = product(parts[k]);
            unit = unit.flatMap(top -> divisor.map(bottom -> top.times(bottom.power(-1))));
        }
        return unit;
    }

    private static Optional<Unit> product(String phrase) {
        Unit product = Unit.NONE;
        int nextPower = 1;
        Unit last = null;
        for (String word : FACTORS.split(phrase)) {
            switch (word.toLowerCase(Locale.ROOT)) {
                case "square", "sq", "sq." -> nextPower = 2;
                case "cubic", "cu", "cu." -> nextPower = 3;
                case "squared", "cubed" -> {
                    if (last == null) {
                        return Optional.empty();
                    }
                    product = product.times(last.power(word.equalsIgnoreCase("squared") ? 1 : 2));
                }
                default -> {
                    Optional<Unit> unit = power(word);
                    if (unit.isEmpty()) {
                        return Optional.empty();
                    }
                    last = unit.get().power(nextPower);
                    product = product.times(last);
                    nextPower = 1;
                }
            }
        }
        return last == null ? Optional.empty() : Optional.of(product);
    }

    private static Optional<Unit> power(String word) {
        if (word.indexOf('^') < 0) {
            return named(word);
        }
        if (word.equals("ms^-1") || word.equals("ms^-2")) {
            return Optional.of(
                    METERS_BY_SECONDS.times(Unit.of("time", Rational.ONE).power(word.endsWith("2") ? -1 : 0)));
        }
        String[] parts = word.split("\\^", 2);
        String exponent = parts[1].replaceAll("[{}]", "");
        return exponent.matches("-?[1-9]")
                ? named(parts[0]).map(unit -> unit.power(Integer.parseInt(exponent)))
                : Optional.empty();
    }
}
