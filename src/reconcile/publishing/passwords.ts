import type { Distribution, WantedCertificate } from '../../domain/trust/distribution.ts';
import {
  type Password,
  type PasswordRef,
  passwordDigest,
  passwordIn,
  passwordRefs,
} from '../../domain/trust/keystore-password.ts';
import { textOf } from '../../lib/bytes.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { PublishedObjects } from '../ports.ts';
import { managedByOf } from './owner.ts';

/** The passwords of the keystores that a spec wants, as their Secrets have them now. */
export class Passwords {
  readonly #known: ReadonlyMap<string, Password>;

  private constructor(known: ReadonlyMap<string, Password>) {
    this.#known = known;
  }

  /** @throws KubernetesError */
  static async read(distribution: Distribution, objects: PublishedObjects): Promise<Passwords> {
    const refs = (distribution.spec.clientCertificates ?? []).flatMap(passwordRefs);
    const { namespace } = distribution.metadata;
    const owner = managedByOf(distribution);
    const read = [...new Map(refs.map((ref) => [keyOf(ref), ref]))].map(
      async ([key, ref]): Promise<[string, Password]> => {
        const secret = await objects.get({ kind: 'Secret', namespace, name: ref.name });
        return [key, passwordIn(ref, secret && { ...secret, texts: textAt(secret.data, ref.key) }, owner)];
      },
    );
    return new Passwords(new Map(await Promise.all(read)));
  }

  /** undefined: it is missing. */
  of(ref: PasswordRef): string | undefined {
    const found = this.#known.get(keyOf(ref));
    return found?.kind === 'Known' ? found.password : undefined;
  }

  /** Why some of them are missing, in words; undefined: none is. */
  get missing(): string | undefined {
    const messages = [...this.#known.values()].flatMap((one) => (one.kind === 'Missing' ? [one.message] : []));
    return messages.length === 0 ? undefined : messages.join('; ');
  }

  /** Of those of one certificate; undefined: it has none, or one is missing. */
  digest(wanted: WantedCertificate, privateKey: Uint8Array): string | undefined {
    const refs = passwordRefs(wanted);
    const passwords = refs.flatMap((ref) => this.of(ref) ?? []);
    return refs.length === 0 || passwords.length < refs.length ? undefined : passwordDigest(privateKey, passwords);
  }
}

const keyOf = ({ name, key }: PasswordRef): string => `${name}/${key}`;

const textAt = (data: Readonly<Record<string, Uint8Array>>, key: string): Readonly<Record<string, string>> => {
  const bytes = ownValue(data, key);
  return bytes === undefined ? {} : { [key]: textOf(bytes) };
};
