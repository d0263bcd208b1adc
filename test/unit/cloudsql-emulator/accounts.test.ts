import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts, authorize } from '../../cloudsql-emulator/accounts.ts';
import { ApiError } from '../../cloudsql-emulator/api-error.ts';

const email = 'somebody@example.com';

const refusal = (act: () => unknown): readonly [number, string] | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return [error.facts.code, error.facts.reason];
  }
};

test('a token stands for the account that it was issued for', () => {
  const accounts = new Accounts();
  accounts.put({ email });
  assert.equal(accounts.authenticate(`Bearer ${accounts.issue(email, 60).token}`).email, email);
});

test('a configured token is as good as an issued one', () => {
  const accounts = new Accounts();
  accounts.put({ email, token: 'given' });
  assert.equal(accounts.authenticate('Bearer given').email, email);
});

test('a missing, foreign, expired or revoked token is refused with 401', () => {
  const accounts = new Accounts();
  accounts.put({ email });
  const expired = accounts.issue(email, 0).token;
  const revoked = accounts.issue(email, 60).token;
  accounts.revokeTokens(email);
  assert.deepEqual(
    refusal(() => accounts.authenticate(undefined)),
    [401, 'required'],
  );
  for (const token of ['foreign', expired, revoked]) {
    assert.deepEqual(
      refusal(() => accounts.authenticate(`Bearer ${token}`)),
      [401, 'authError'],
    );
  }
});

test('an expired token is refused', () => {
  const accounts = new Accounts();
  accounts.put({ email });
  const { token } = accounts.issue(email, 0);
  assert.equal(accounts.isValid(token), false);
});

test('a token with other scopes is refused with 403', () => {
  const accounts = new Accounts();
  accounts.put({ email, token: 't', scopes: ['https://www.googleapis.com/auth/devstorage.read_only'] });
  assert.deepEqual(
    refusal(() => accounts.authenticate('Bearer t')),
    [403, 'insufficientPermissions'],
  );
});

test('an account may do everything but what it is denied', () => {
  const account = new Accounts().put({ email, denied: ['cloudsql.instances.resetSslConfig'] });
  assert.equal(
    refusal(() => authorize(account, 'cloudsql.instances.get')),
    undefined,
  );
  assert.deepEqual(
    refusal(() => authorize(account, 'cloudsql.instances.resetSslConfig')),
    [403, 'notAuthorized'],
  );
});
