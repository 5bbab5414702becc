// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * A test with one parameter that is run with each {@link GoldenModel}. A folder that is added to {@code testdata/models} is in
 * all such tests.
 */
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest
@ArgumentsSource(GoldenModels.Each.class)
public @interface GoldenModels {
    /** The models by name. */
    final class Each implements ArgumentsProvider {
        @Override
        public Stream<? extends Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            return GoldenModel.all().stream().map(Arguments::of);
        }
    }
}
