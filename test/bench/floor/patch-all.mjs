/** Floor: annotates all Deployments of a namespace over one pool of kept connections. Usage: kubeconfig namespace */
import { connect } from './api.mjs';

const [kubeconfig, namespace] = process.argv.slice(2);
const kubernetes = connect(kubeconfig);
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const body = { spec: { template: { metadata: { annotations: { 'bench/revision': '1' } } } } };

const { items } = await kubernetes('GET', deployments);
await Promise.all(
  items.map(({ metadata }) =>
    kubernetes('PATCH', `${deployments}/${metadata.name}`, body, 'application/merge-patch+json'),
  ),
);
