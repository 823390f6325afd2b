import t from 'tap';
import { load, planOf, said } from '../../../support/load.js';

const listeners = 'listeners: [ { name: web, port: 80, backends: [10.0.0.1] }, { name: api, port: 80, backends: [10.0.0.1] } ]';
const withOutput = (text: string, listed = listeners): string => `outputs:\n  nginx: [ ${text} ]\n${listed}\n`;
const saidOf = (text: string, listed?: string): string[] => said(load(withOutput(text, listed)));

t.test('one key is needed: the rest is as nginx is mostly installed', async (t) => {
  t.same(planOf(withOutput('{ path: /etc/nginx/vitald.conf }')).outputs, [
    {
      name: 'nginx',
      type: 'nginx',
      options: {
        path: '/etc/nginx/vitald.conf',
        test_command: ['nginx', '-t'],
        reload_command: ['nginx', '-s', 'reload'],
        command_timeout: '30s',
        min_interval: '1s',
      },
    },
  ]);
});

t.test('mistakes are told with what is allowed', async (t) => {
  t.match(saidOf('{ }'), [/outputs.nginx\[0\].path: missing/]);
  t.match(saidOf('{ path: vitald.conf }'), [/path: found a text; expected an absolute path/]);
  t.match(saidOf('{ path: /a, min_interval: 500ms }'), [/min_interval: 500ms is out of range; allowed are 1s to 1h/]);
  t.match(saidOf('{ path: /a, command_timeout: 0s }'), [/command_timeout: 0s is out of range; allowed are 1ms to 10m/]);
  t.match(saidOf('{ path: /a, template_file: /a }'), [/template_file: the template and the file .* are the same/]);
  t.match(saidOf('{ path: /a, listeners: [web, wep] }'), [/listeners\[1\]: there is no listener "wep"; listeners are web, api/]);
  t.match(saidOf('{ path: /a, reload_command: nginx -s reload }'), [
    /reload_command: found a text; expected a list: the program and its arguments/,
  ]);
  t.match(saidOf('{ path: /a, test_command: [] }'), [/test_command: .*expected a list/]);
});

t.test('to nginx, Web and web are one name', async (t) => {
  const both = 'listeners: [ { name: web, port: 80, backends: [10.0.0.1] }, { name: Web, port: 80, backends: [10.0.0.1] } ]';
  t.match(saidOf('{ path: /a }', both), [
    /to nginx the listeners web and Web have the same name; rename one, or leave it out of `listeners`/,
  ]);
  t.same(saidOf('{ path: /a, listeners: [Web] }', both), []);
  t.same(saidOf('{ path: /a, template_file: /b }', both), []);
});
