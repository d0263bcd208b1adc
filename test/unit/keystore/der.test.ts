import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bmpString, integer, objectIdentifier, octetString, setOf } from '../../../src/keystore/der.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What `openssl asn1parse -genstr` writes of them. */
const INTEGERS: readonly (readonly [number, string])[] = [
  [0, '020100'],
  [127, '02017f'],
  [128, '02020080'],
  [10_000, '02022710'],
  [65_535, '020300ffff'],
];
for (const [value, expected] of INTEGERS) {
  test(`the DER integer ${value} is not taken as negative, and has no byte too many`, () =>
    assert.equal(hex(integer(value)), expected));
}

test('a DER object identifier holds arcs of several bytes', () =>
  assert.equal(hex(objectIdentifier('2.16.840.1.113894.746875.1.1')), '060c6086480186f966adca7b0101'));

for (const [length, expected] of [
  [127, '047f'],
  [128, '048180'],
  [256, '04820100'],
  [65_536, '0483010000'],
] as const) {
  test(`the length ${length} of a DER element has as many bytes as it needs`, () =>
    assert.ok(hex(octetString(new Uint8Array(length))).startsWith(expected)));
}

test('a DER set is in the order of its bytes', () =>
  assert.equal(hex(setOf(integer(2), integer(1))), hex(setOf(integer(1), integer(2)))));

test('a BMP string holds two bytes for each character', () =>
  assert.equal(hex(bmpString('user')), '1e080075007300650072'));
