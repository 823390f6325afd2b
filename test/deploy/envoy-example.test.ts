import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { envoyDefinitions, misfits } from '../front/outputs/envoy/proto-json.js';
import { loadFile } from '../support/load.js';

const folder = 'deploy/examples/envoy';

interface Cluster {
  readonly name: string;
  readonly eds_cluster_config?: {
    readonly eds_config: { readonly api_config_source: { readonly cluster_names: string[]; readonly request_timeout: string } };
  };
  readonly load_assignment?: {
    readonly endpoints: {
      readonly lb_endpoints: { readonly endpoint: { readonly address: { readonly socket_address: { port_value: number } } } }[];
    }[];
  };
}

const clusters = (parse(readFileSync(`${folder}/envoy.yaml`, 'utf8')) as { static_resources: { clusters: Cluster[] } }).static_resources
  .clusters;
const web = clusters.find(({ name }) => name === 'web')!;
const vitald = clusters.find(({ name }) => name === 'vitald')!;

t.test('its parts that concern vitald are as Envoy’s definitions want them', async (t) => {
  const root = envoyDefinitions();
  t.same(misfits(root, 'envoy.config.core.v3.ConfigSource', web.eds_cluster_config!.eds_config), []);
  t.same(misfits(root, 'envoy.config.endpoint.v3.ClusterLoadAssignment', vitald.load_assignment), []);
});

t.test('it fits the configuration of vitald beside it', async (t) => {
  const { plan, problems, warnings } = loadFile(`${folder}/vitald.yaml`);
  t.same([...problems, ...warnings], []);
  t.ok(plan!.listeners.some(({ name }) => name === web.name));
  const { api_config_source: source } = web.eds_cluster_config!.eds_config;
  t.same(source.cluster_names, [vitald.name]);
  const [output] = plan!.outputs;
  t.equal(output!.type, 'envoy');
  t.ok(parseInt(source.request_timeout, 10) > parseInt(String(output!.options['hold']), 10), 'Envoy waits longer than a request is held');
  const { port_value: port } = vitald.load_assignment!.endpoints[0]!.lb_endpoints[0]!.endpoint.address.socket_address;
  t.equal(port, plan!.server.port);
});
