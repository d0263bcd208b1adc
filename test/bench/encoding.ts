/**
 * Encodes an object with all formats again and again, by another password each time, and prints as JSON, in milliseconds of
 * CPU: what one took in the median with all threads, and the most that any had the event loop do at once.
 */
import { annotations } from '../../src/domain/object.ts';
import { secretKeys } from '../../src/domain/trust/held-certificate.ts';
import { pkcs8Pem } from '../../src/domain/trust/private-key.ts';
import { serverCaPem } from '../../src/domain/trust/tls-material.ts';
import { utf8 } from '../../src/lib/bytes.ts';
import { withFormats } from '../../src/reconcile/publishing/certificate-formats.ts';
import { Encodings } from '../../src/reconcile/publishing/encodings.ts';
import { Passwords } from '../../src/reconcile/publishing/passwords.ts';
import { serverCaFormats } from '../../src/reconcile/publishing/server-ca-formats.ts';
import { createAuthority, issue } from '../cloudsql-emulator/certificates.ts';
import { aReset } from '../support/fakes/builders.ts';
import { FakeObjects } from '../support/fakes/fake-cluster.ts';
import { WANTED_CERTIFICATE } from '../support/wanted-certificate.ts';
import { median } from './measure.ts';

const OBJECTS = 21;

const [active, before] = [await createAuthority('active'), await createAuthority('before')];
const client = await issue(active, { commonName: 'orders-api', usage: 'Client' });
const pem = serverCaPem([active.certificate, before.certificate]);

async function passwordsOf(password: string): Promise<Passwords> {
  const reset = aReset({ spec: { clientCertificates: [WANTED_CERTIFICATE] } });
  const { namespace, name } = reset.metadata;
  const objects = new FakeObjects();
  const given = { annotations: { [annotations.passwordFor]: name }, data: { keystore: utf8(password) } };
  objects.put({ kind: 'Secret', namespace, name: 'passwords', labels: {}, immutable: false, ...given });
  return Passwords.read(reset, objects);
}

async function encode(password: string, passwords: Passwords): Promise<number> {
  const encodings = new Encodings();
  const additionalFormats = [
    { format: 'PKCS12', key: 'truststore.p12', password },
    { format: 'JKS', key: 'truststore.jks', password },
    { format: 'DER', key: 'server-ca.der', password },
  ] as const;
  const data = {
    [secretKeys.certificate]: utf8(client.certificate.pem),
    [secretKeys.privateKey]: utf8(pkcs8Pem(client.privateKey)),
    [secretKeys.serverCa]: utf8(pem),
  };
  const ca = await serverCaFormats({ additionalFormats }, { pem, stored: {}, encodings });
  const own = await withFormats(WANTED_CERTIFICATE, data, { passwords, encodings, before: undefined });
  return Object.keys({ ...ca, ...own }).length;
}

const FORMATS_AND_BASE = 3 + 6 + 3;
const ms = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;

let count = 0;

async function encodeAnother(): Promise<void> {
  const password = `password ${count++}`;
  const passwords = await passwordsOf(password);
  if ((await encode(password, passwords)) !== FORMATS_AND_BASE) throw new Error('A format is missing');
}

/** The most that the thread did in one turn of the event loop while it encoded. */
async function longestTurn(): Promise<number> {
  let [longest, isDone] = [0, false];
  let before = process.threadCpuUsage();
  const turn = (): void => {
    longest = Math.max(longest, ms(process.threadCpuUsage(before)));
    before = process.threadCpuUsage();
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await encodeAnother();
  isDone = true;
  return longest;
}

async function cpu(): Promise<number> {
  const before = process.cpuUsage();
  await encodeAnother();
  return ms(process.cpuUsage(before));
}

const times = async (measure: () => Promise<number>): Promise<readonly number[]> => {
  const found: number[] = [];
  while (found.length < OBJECTS) found.push(await measure());
  return found;
};

// The first one of all counts too: it loads the encoders.
const turns = await times(longestTurn);
console.log(JSON.stringify({ turn: Math.max(...turns), cpu: median(await times(cpu)) }));
