// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into the module descriptor. */
final class Version implements IVersionProvider {
    Version() {}

    @Override
    public String[] getVersion() {
        String version = Version.class.getModule().getDescriptor() == null
                ? "development build"
                : Version.class.getModule().getDescriptor().rawVersion().orElse("development build");
        return new String[] {"jacobian " + version, "JDK " + Runtime.version()};
    }
}
