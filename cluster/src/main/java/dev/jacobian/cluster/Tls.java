// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Keys and certificates from files, for connections that nobody else can read. */
public final class Tls {
    private static final String PROTOCOL = "TLS";

    private Tls() {}

    /**
     * What a worker shows: the key and the certificate of a PKCS#12 or JKS file, as {@code keytool} makes them.
     *
     * @throws IllegalArgumentException if the file is none, or the password is wrong
     */
    public static SSLContext ofKeyStore(Path file, String password) {
        try {
            KeyStore store = KeyStore.getInstance(file.toFile(), password.toCharArray());
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, password.toCharArray());
            SSLContext context = SSLContext.getInstance(PROTOCOL);
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException(
                    file + " is no key store that this password opens (" + e.getMessage()
                            + "); make one with: keytool -genkeypair -keyalg EC -storetype PKCS12 -ext san=ip:ADDRESS",
                    e);
        }
    }

    /**
     * Whom a master believes: the certificates of a file in PEM form, and nobody else.
     *
     * @throws IllegalArgumentException if the file has none
     */
    public static SSLContext trusting(Path certificates) {
        try (InputStream in = Files.newInputStream(certificates)) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("worker-" + store.size(), certificate);
            }
            if (store.size() == 0) {
                throw new IllegalArgumentException(certificates + " has no certificate in PEM form");
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance(PROTOCOL);
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException(
                    certificates + " has no certificates that can be read (" + e.getMessage()
                            + "); make it with: keytool -exportcert -rfc",
                    e);
        }
    }
}
