import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { reportAsData } from '#vitald/diagnosis/report-json.js';
import { sharedSchemas } from '#vitald/front/api/schemas/index.js';
import { closedPort, headRefused, healthy, unhealthy } from '../support/reports.js';

const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });
for (const schema of sharedSchemas) ajv.addSchema(schema);

t.test('a report as JSON follows the schema that OpenAPI shows', async (t) => {
  for (const report of [unhealthy, healthy, { ...unhealthy, verdict: 'unknown', findings: [headRefused] } as const]) {
    t.ok(ajv.validate('Report#', JSON.parse(JSON.stringify(reportAsData(report)))), ajv.errorsText());
  }
});

t.test('its times are RFC 3339, its durations seconds, and what is not there is null', async (t) => {
  t.match(reportAsData(unhealthy), {
    target: { listener: 'web', backend: 'app-2', address: '10.0.0.2', port: 8080, type: 'http' },
    findings: [
      { code: 'port_closed', certainty: 'likely', at: 'backend', evidence: [{ at: '2026-01-01T12:00:00.250Z' }], remedy: { yaml: null } },
      { code: 'method_unsupported', remedy: { yaml: 'check:\n  method: GET\n' } },
    ],
    steps: [{ name: 'ping', took_seconds: 0.012346 }],
    left_out: [{ name: 'SYNs with growing TTL' }],
  });
  t.match(reportAsData(healthy), { target: { listener: null, backend: null }, findings: [] });
  t.equal(closedPort.remedy.yaml, undefined);
});
