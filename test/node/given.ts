/** What whoever runs the tests has given, and what follows from it. */
import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Cluster } from '../cluster/cluster.ts';

export const IMAGE_VARIABLE = 'CLOUDSQL_SSL_TEST_IMAGE';
export const ADDRESS_VARIABLE = 'CLOUDSQL_SSL_TEST_ADDRESS';

/** The image of the operator, and of every other pod: it has Node. */
export const image = process.env[IMAGE_VARIABLE] ?? '';

/** The address of this machine at which pods reach it. */
export async function addressForPods({ kubectl }: Cluster): Promise<string> {
  const given = process.env[ADDRESS_VARIABLE];
  if (given) return given;
  const ofNodes = '--output=jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}';
  const nodes = (await kubectl(['get', 'nodes', ofNodes])).split(' ').filter((text) => text.includes('.'));
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const near = own.find(({ family, cidr }) => family === 'IPv4' && nodes.some((node) => isIn(cidr, node)));
  return near?.address ?? assert.fail(`no address of this machine is in the network of ${nodes}: give --address`);
}

function isIn(cidr: string | null, address: string): boolean {
  const [network = '', bits] = cidr?.split('/') ?? [];
  const list = new BlockList();
  list.addSubnet(network, Number(bits));
  return list.check(address);
}
