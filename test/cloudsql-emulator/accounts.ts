import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { insufficientScopes, invalidCredentials, loginRequired, notAuthorized } from './api-error.ts';

const cloudPlatform = 'https://www.googleapis.com/auth/cloud-platform';
const sufficientScopes: readonly string[] = [cloudPlatform, 'https://www.googleapis.com/auth/sqlservice.admin'];

export const accountSchema = z
  .strictObject({
    email: z.string(),
    /** A token that is valid without the metadata server. */
    token: z.string().optional(),
    scopes: z.array(z.string()).readonly().optional(),
    /** Permissions that the account lacks, such as `cloudsql.instances.resetSslConfig`; it has all others. */
    denied: z.array(z.string()).readonly().optional(),
  })
  .readonly();

export type AccountOptions = z.output<typeof accountSchema>;

export interface Account {
  readonly email: string;
  readonly scopes: readonly string[];
  readonly denied: ReadonlySet<string>;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

interface Grant {
  readonly email: string;
  readonly expiresAt: number;
}

/** Who may call: accounts, the tokens that were issued for them, and what each of them is denied. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();
  readonly #grants = new Map<string, Grant>();

  /** Adds an account, or replaces what is known of it; its tokens stay valid. */
  put({ email, token, scopes = [cloudPlatform], denied = [] }: AccountOptions): Account {
    const account = { email, scopes, denied: new Set(denied) };
    this.#accounts.set(email, account);
    if (token !== undefined) {
      this.#grants.set(token, { email, expiresAt: Number.POSITIVE_INFINITY });
    }
    return account;
  }

  find(email: string): Account | undefined {
    return this.#accounts.get(email);
  }

  list(): readonly Account[] {
    return [...this.#accounts.values()];
  }

  /** A new token for the account. */
  issue(email: string, lifetimeSeconds: number): AccessToken {
    const token = `ya29.emulator-${randomBytes(24).toString('base64url')}`;
    this.#grants.set(token, { email, expiresAt: Date.now() + lifetimeSeconds * 1000 });
    return { token, expiresInSeconds: lifetimeSeconds };
  }

  isValid(token: string): boolean {
    return this.#holder(token) !== undefined;
  }

  /** From now on every token of the account is refused. */
  revokeTokens(email: string): void {
    for (const [token, grant] of this.#grants) {
      if (grant.email === email) {
        this.#grants.delete(token);
      }
    }
  }

  /**
   * The account that an `Authorization` header stands for.
   * @throws ApiError 401, and 403 where the token's scopes do not reach
   */
  authenticate(authorization: string | undefined): Account {
    if (authorization === undefined) {
      throw loginRequired();
    }
    const account = this.#holder(authorization.replace(/^Bearer /i, ''));
    if (!account) {
      throw invalidCredentials();
    }
    if (!account.scopes.some((scope) => sufficientScopes.includes(scope))) {
      throw insufficientScopes();
    }
    return account;
  }

  #holder(token: string): Account | undefined {
    const grant = this.#grants.get(token);
    return grant && grant.expiresAt > Date.now() ? this.#accounts.get(grant.email) : undefined;
  }
}

/** @throws ApiError 403 `notAuthorized` */
export const authorize = (account: Account, permission: string): void => {
  if (account.denied.has(permission)) {
    throw notAuthorized();
  }
};
