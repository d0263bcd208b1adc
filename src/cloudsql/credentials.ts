import { type AuthClient, GoogleAuth, gcpMetadata } from 'google-auth-library';
import { CloudSqlError } from '../domain/errors.ts';
import { oneLine } from '../lib/one-line.ts';
import { within } from '../lib/within.ts';
import { emailOf } from './identity.ts';

const SCOPE = 'https://www.googleapis.com/auth/sqlservice.admin';
const MAX_MESSAGE = 300;
const KEY_ADVICE = 'Use the JSON file as Google made it: in private_key each line ends with one escaped line feed';

/**
 * Application Default Credentials: a service account's key, workload identity federation, or the metadata server, which
 * `GCE_METADATA_HOST` names (https://cloud.google.com/docs/authentication/application-default-credentials).
 * Every method throws a CloudSqlError: `Forbidden` where no token can be had, `Unavailable` where its issuer cannot be
 * reached.
 */
export class Credentials {
  readonly #timeoutMs: number;
  #auth = newAuth();
  #email: { readonly value: string | undefined } | undefined;

  /** @param options.timeoutMs for getting a token, its issuer's retries included */
  constructor({ timeoutMs }: { readonly timeoutMs: number }) {
    this.#timeoutMs = timeoutMs;
  }

  /** Request headers with a token that is good for minutes; it is kept until shortly before it expires. */
  headers(): Promise<Headers> {
    return this.#ask((client) => client.getRequestHeaders());
  }

  /** The account's e-mail address; undefined if the credentials do not have it. Asked for once. */
  async email(): Promise<string | undefined> {
    this.#email ??= { value: await this.#ask(emailOf) };
    return this.#email.value;
  }

  /** Forgets the token, and reads the credentials again when they are needed next. */
  discard(): void {
    this.#auth = newAuth();
    gcpMetadata.resetIsAvailableCache();
  }

  async #ask<T>(question: (client: AuthClient) => Promise<T>): Promise<T> {
    const auth = this.#auth;
    try {
      return await within(this.#timeoutMs, clientOf(auth).then(question), () =>
        unavailable(`No token within ${this.#timeoutMs / 1000} s`),
      );
    } catch (cause) {
      // What failed may be cached, or hang: the next attempt starts from nothing.
      if (auth === this.#auth) this.discard();
      throw toError(cause);
    }
  }
}

/** Nobody asks for the project of the credentials, but the library would run gcloud to find it if none were given. */
const newAuth = () => new GoogleAuth({ scopes: [SCOPE], projectId: 'none' });

/** The library takes a metadata server that does not answer for one that is not there. */
async function clientOf(auth: GoogleAuth): Promise<AuthClient> {
  try {
    return await auth.getClient();
  } catch (cause) {
    if (!expectsMetadataServer()) throw cause;
    throw unavailable('The metadata server gives no credentials', cause);
  }
}

const expectsMetadataServer = (): boolean =>
  process.env.GOOGLE_APPLICATION_CREDENTIALS === undefined &&
  (process.env.GCE_METADATA_HOST !== undefined || gcpMetadata.getGCPResidency());

const unavailable = (message: string, cause?: unknown): CloudSqlError =>
  new CloudSqlError({ kind: 'Unavailable', message, cause });

function toError(cause: unknown): CloudSqlError {
  if (cause instanceof CloudSqlError) return cause;
  return new CloudSqlError({
    kind: isUnavailable(cause) ? 'Unavailable' : 'Forbidden',
    message: messageOf(cause),
    cause,
  });
}

/** No status but a code: the network, unless it is of a file or of a key. */
function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const status = statusOf(error);
  if (status !== undefined) return status === 408 || status === 429 || status >= 500;
  const code = codeOf(error);
  return code !== '' && code !== 'ENOENT' && !('path' in error) && !isOfKey(error);
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** Node's own codes for a key that OpenSSL does not take, https://nodejs.org/api/errors.html#openssl-error-codes. */
const isOfKey = (error: unknown): boolean => error instanceof Error && /^ERR_(OSSL|CRYPTO)_/.test(codeOf(error));

function statusOf(error: Error): number | undefined {
  if ('status' in error && typeof error.status === 'number') return error.status;
  const response = 'response' in error ? error.response : undefined;
  if (typeof response !== 'object' || response === null || !('status' in response)) return undefined;
  return typeof response.status === 'number' ? response.status : undefined;
}

/** A parser's message may quote a piece of the key file. */
function messageOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'No token: the credentials file is not JSON';
  if (isOfKey(error)) return `No token: the private key of the credentials file cannot be read. ${KEY_ADVICE}`;
  return oneLine(`No token: ${error instanceof Error ? error.message : String(error)}`, MAX_MESSAGE);
}
