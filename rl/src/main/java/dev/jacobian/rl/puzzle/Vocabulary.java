// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import java.util.List;

/** Words and names that questions are made of. */
final class Vocabulary {
    /** Common nouns of three to nine letters, all different, in lower case. */
    static final List<String> WORDS = List.of(
            ("anchor apple arrow autumn badge bakery balloon barrel basket beacon bird blanket bottle bread bridge"
                + " bucket button cabin camera candle canoe canyon carpet castle chair cherry circle cloud coffee"
                + " comet copper corner cotton cradle crystal curtain dancer desert diamond dragon drum eagle engine"
                + " falcon feather fence field finger flame flower forest fountain fox garden ginger glacier glove"
                + " grape guitar hammer harbor harvest helmet hill honey horizon horse island ivory jacket jungle"
                + " kettle kitchen kite ladder lamp lantern lemon letter library lion magnet maple marble market"
                + " meadow melon mirror monkey morning mountain music needle nest ocean olive orange orchard otter"
                + " oven paddle palace paper parrot peach pebble pencil pepper piano pillow pirate planet pocket"
                + " potato prairie puzzle quilt rabbit rain ribbon river robin rocket rope saddle sail salmon sand"
                + " scarf school shadow shell shovel silver spider spoon square stable station stone storm summer"
                + " sugar table thunder ticket tiger tower train tulip tunnel turtle umbrella valley velvet village"
                + " violin wagon walnut water whale wheel window winter wizard yellow zebra")
                    .split(" "));

    /** First names, no two with the same first letter. */
    static final List<String> NAMES = List.of("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo", "Jane");

    private Vocabulary() {}

    /** {@code A} for 0, {@code B} for 1. */
    static String letter(int index) {
        return String.valueOf((char) ('A' + index));
    }

    /** The index of a single capital letter below count, or -1. */
    static int index(String letter, int count) {
        int index = letter.length() == 1 ? letter.charAt(0) - 'A' : -1;
        return index < count ? Math.max(index, -1) : -1;
    }
}
