/** Java before PostgreSQL. */
import { AGAIN, again, READS_IT_AGAIN } from './again.ts';
import { AS_DOCUMENTED, documented } from './documented.ts';
import { jdbc, query } from './jdbc.ts';
import { PASSWORD } from './published.ts';
import type { Judge, Row } from './row.ts';

const CONNECTED = /^connected$/;
const PGJDBC = '42.7.14';

export const java: Judge = {
  rows: 'pgjdbc',
  programs: ['java', 'mvn'],
  judge: async (setup) => {
    const { port, file, folder } = setup;
    const driver = await jdbc(`org.postgresql:postgresql:${PGJDBC}`, folder);
    const url = `jdbc:postgresql://127.0.0.1:${port}/postgres?user=app`;
    const connect = (values: Readonly<Record<string, string>>, flags?: readonly string[]): Promise<string> =>
      driver.connect(`${url}&${query({ sslmode: 'verify-ca', ...values })}`, flags);
    const ca = { sslrootcert: file('server-ca.pem'), sslcert: file('client-cert.pem') };
    const keyStore = { sslrootcert: file('server-ca.pem'), sslkey: file('keystore.p12') };
    const ownTls = { sslfactory: 'org.postgresql.ssl.DefaultJavaSSLFactory' };
    const ownKeyStore = [
      `-Djavax.net.ssl.keyStore=${file('keystore.p12')}`,
      '-Djavax.net.ssl.keyStoreType=PKCS12',
      `-Djavax.net.ssl.keyStorePassword=${PASSWORD}`,
    ];
    const stores = (trustStore: string, type: string, password = 'changeit') => [
      `-Djavax.net.ssl.trustStore=${file(trustStore)}`,
      `-Djavax.net.ssl.trustStoreType=${type}`,
      ...(password === '' ? [] : [`-Djavax.net.ssl.trustStorePassword=${password}`]),
      ...ownKeyStore,
    ];
    const [key = '', , keyStoreKey = ''] = await documented('pgjdbc', setup);
    const [flags = ''] = await documented("Java's own TLS", setup);
    return [
      { given: AS_DOCUMENTED, says: () => driver.connect(key), expected: CONNECTED },
      {
        given: `${AS_DOCUMENTED} of the keystore`,
        says: () =>
          driver.connect(
            `${url}&${query({ sslmode: 'verify-ca', sslrootcert: file('server-ca.pem') })}&${keyStoreKey}`,
          ),
        expected: CONNECTED,
      },
      {
        given: `${AS_DOCUMENTED} of Java's own TLS`,
        says: () => connect(ownTls, [...flags.split(' '), ...ownKeyStore]),
        expected: CONNECTED,
      },
      { given: 'PEM', says: () => connect({ ...ca, sslkey: file('client-key.pem') }), expected: CONNECTED },
      { given: 'PKCS8', says: () => connect({ ...ca, sslkey: file('client-key.pk8') }), expected: CONNECTED },
      { given: 'PKCS12 keystore', says: () => connect({ ...keyStore, sslpassword: PASSWORD }), expected: CONNECTED },
      {
        given: 'PKCS12 keystore, wrong password',
        says: () => connect({ ...keyStore, sslpassword: 'wrong' }),
        expected: /X.509 CertificateFactory not available.*keystore password was incorrect/,
      },
      {
        given: 'PKCS12 truststore and keystore',
        says: () => connect(ownTls, stores('truststore.p12', 'PKCS12')),
        expected: CONNECTED,
      },
      {
        given: 'PKCS12 truststore without password',
        says: () => connect(ownTls, stores('truststore-without-password.p12', 'PKCS12', '')),
        expected: CONNECTED,
      },
      { given: 'JKS truststore', says: () => connect(ownTls, stores('truststore.jks', 'JKS')), expected: CONNECTED },
      {
        given: 'the CA from before',
        says: () => connect({ ...ca, sslrootcert: file('old-ca.pem'), sslkey: file('client-key.pem') }),
        expected: /PKIX path building failed/,
      },
      {
        given: AGAIN,
        says: () =>
          again(setup, (sslrootcert) => {
            const values = { sslmode: 'verify-ca', ...ca, sslkey: file('client-key.pk8'), sslrootcert };
            return driver.command(`${url}&${query(values)}`);
          }),
        expected: READS_IT_AGAIN,
      },
      {
        given: 'a key of mode 0644',
        says: () => connect({ ...ca, sslkey: file('open-key.pem') }),
        expected: /has group or world access/,
      },
    ].map((row): Row => ({ client: `pgjdbc ${PGJDBC}`, ...row }));
  },
};
