/** A client certificate in each of its formats; the password of its keystore is in `passwords`, under `keystore`. */
export const WANTED_CERTIFICATE = {
  commonName: 'orders-api',
  secretName: 'orders-api',
  additionalFormats: [
    { format: 'PKCS12', key: 'keystore.p12', passwordSecretRef: { name: 'passwords', key: 'keystore' } },
    { format: 'PKCS8', key: 'client-key.pk8' },
    { format: 'CombinedPEM', key: 'tls-combined.pem' },
    { format: 'TLS' },
  ],
} as const;
