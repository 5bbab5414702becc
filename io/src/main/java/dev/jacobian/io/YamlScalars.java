// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import java.util.regex.Pattern;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * What a plain scalar is: the part of YAML's types that YAML 1.1, YAML 1.2 and JSON read as the same value, and text.
 *
 * <p>Numbers are JSON's, and beside them a sign +, {@code .5} and {@code 5.}, which nobody reads as something else. There is none that
 * begins with another 0 (octal or decimal, as one takes it), with underscores, colons or a base, and no infinity.
 */
final class YamlScalars extends Resolver {
    static final Pattern INTEGER = Pattern.compile("[-+]?(?:0|[1-9][0-9]*)");
    static final Pattern NUMBER =
            Pattern.compile("[-+]?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?");
    static final Pattern SWITCH = Pattern.compile("true|True|TRUE|false|False|FALSE");
    private static final Pattern NOTHING = Pattern.compile("~|null|Null|NULL");

    private static final int LONGEST_WORD = 10;

    /** @param typed whether there are switches and numbers too */
    YamlScalars(boolean typed) {
        if (typed) {
            addImplicitResolver(Tag.BOOL, SWITCH, "tTfF", LONGEST_WORD);
            addImplicitResolver(Tag.INT, INTEGER, "-+0123456789");
            addImplicitResolver(Tag.FLOAT, NUMBER, "-+.0123456789");
        }
    }

    /** Called by the library's constructor, in place of YAML 1.1's types. */
    @Override
    protected void addImplicitResolvers() {
        addImplicitResolver(Tag.MERGE, MERGE, "<", LONGEST_WORD);
        addImplicitResolver(Tag.NULL, NOTHING, "~nN", LONGEST_WORD);
        addImplicitResolver(Tag.NULL, EMPTY, null, LONGEST_WORD);
    }
}
