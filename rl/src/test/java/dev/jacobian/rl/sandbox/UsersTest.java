// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UsersTest {
    @Test
    void spareIdsAreThoseOfTheMap() {
        assertThat(Users.in("         0          0 4294967295\n")).contains(new Users(1_600_000_000, 100_000_000));
        assertThat(Users.in("0 100000 65536\n")).contains(new Users(53_536, 10_000)); // a container without root
        assertThat(Users.in("0 1000 1\n1 100000 65536\n")).contains(new Users(53_537, 10_000));
        assertThat(Users.in("0 1000 1\n")).isEmpty();
        assertThat(Users.in("")).isEmpty();
    }

    @Test
    void everyRunGetsOneOfThem() {
        Users users = new Users(53_536, 10_000);
        for (long number = 0; number < 3000; number++) {
            assertThat(users.user(number)).isBetween(53_536, 63_535).isNotEqualTo(users.user(number + 1));
        }
    }
}
