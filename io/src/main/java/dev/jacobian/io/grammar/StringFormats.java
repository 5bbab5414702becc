// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The formats of strings that JSON Schema names, as regular expressions.
 *
 * <p>Decision: what is written is always of the format, but not all of the format can be written: a date is of the years 0000 to 9999 and
 * one of the calendar, a time has no leap second, an address of mail is one that every server takes.
 */
final class StringFormats {
    private static final String LEAP_YEAR =
            "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
    private static final String DATE = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
            + "|02-(?:0[1-9]|1[0-9]|2[0-8]))|"
            + LEAP_YEAR + "-02-29)";
    private static final String TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?"
            + "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?";
    private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final String SHORT = "[0-9a-fA-F]{1,4}";
    private static final String TIMES =
            "T(?:[0-9]{1,6}H(?:[0-9]{1,6}M(?:[0-9]{1,6}S)?)?|[0-9]{1,6}M(?:[0-9]{1,6}S)?|[0-9]{1,6}S)";
    private static final String DAYS = "[0-9]{1,6}D";
    private static final String MONTHS = "[0-9]{1,6}M(?:" + DAYS + ")?";

    private static final Map<String, String> PATTERNS = new TreeMap<>(Map.of(
            "date", DATE,
            "time", TIME,
            "date-time", DATE + "T" + TIME,
            "duration",
                    "P(?:(?:[0-9]{1,6}Y(?:" + MONTHS + ")?|" + MONTHS + "|" + DAYS + ")(?:" + TIMES + ")?|" + TIMES
                            + "|[0-9]{1,6}W)",
            "uuid", "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
            "email",
                    "[A-Za-z0-9_+-]{1,20}(?:\\.[A-Za-z0-9_+-]{1,20}){0,2}@" + LABEL + "(?:\\." + LABEL
                            + "){0,2}\\.[A-Za-z]{2,10}",
            "hostname", LABEL + "(?:\\." + LABEL + "){0,4}",
            "ipv4", BYTE + "(?:\\." + BYTE + "){3}",
            "ipv6", SHORT + "(?::" + SHORT + "){7}",
            "uri",
                    "[a-z][a-z0-9+.-]{0,15}://" + LABEL + "(?:\\." + LABEL + "){0,4}(?::[1-9][0-9]{0,3})?"
                            + "(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]*)*(?:\\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?"
                            + "(?:#[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?"));

    private StringFormats() {}

    static boolean has(String name) {
        return PATTERNS.containsKey(name);
    }

    static Regex of(String name) {
        return RegexParser.parse(Objects.requireNonNull(PATTERNS.get(name)), "format " + name);
    }

    /** All names, for messages. */
    static String names() {
        return String.join(", ", PATTERNS.keySet());
    }
}
