import t from 'tap';
import type { UpstreamFileData, UpstreamServer } from '#vitald/front/outputs/nginx/servers.js';
import { defaultTemplate, parseTemplate, render } from '#vitald/front/outputs/nginx/template.js';
import { WrittenServers } from '#vitald/front/outputs/nginx/written-servers.js';

const server = (host: number, up: boolean): UpstreamServer => {
  const address = `10.0.0.${host}`;
  return { id: `app-${host}`, address, port: 80, endpoint: `${address}:80`, weight: 1, up, down: !up };
};

const data: UpstreamFileData = {
  checker: 'lb-1',
  listeners: [
    { name: 'web', servers: [server(1, true), server(2, false)] },
    { name: 'dark', servers: [server(3, false)] },
  ],
};

function leftOut(template: string): string[] {
  const written = new WrittenServers(data);
  const text = [...render(parseTemplate(template), written.data)].join('');
  t.equal(text, [...render(parseTemplate(template), data)].join(''), 'what is written stays the same');
  return written.leftOut();
}

t.test('a template that writes every server leaves nothing out', async (t) => {
  t.same(leftOut(defaultTemplate), []);
  t.same(leftOut('{{#listeners}}{{#servers}}server {{address}}:8443;{{/servers}}{{/listeners}}'), [], 'with a port of its own');
  t.same(leftOut('{{#listeners}}{{#servers}}{{#up}}server {{endpoint}};{{/up}}{{/servers}}{{/listeners}}'), [], 'only those that are up');
});

t.test('a template that leaves listeners out', async (t) => {
  t.same(leftOut('upstream web { server 10.0.0.1:80; }'), ['web', 'dark'], 'nothing is filled in');
  t.same(leftOut('{{#listener}}{{#servers}}server {{endpoint}};{{/servers}}{{/listener}}'), ['web', 'dark'], 'a misspelled name');
  t.same(leftOut('{{#listeners}}upstream {{name}} {}{{/listeners}}'), ['web', 'dark']);
  t.same(leftOut('{{#listeners}}{{#servers}}# {{id}}\n{{/servers}}{{/listeners}}'), ['web'], 'no server that is up is written');
  t.same(leftOut('{{#listeners.0.servers}}server {{endpoint}};{{/listeners.0.servers}}'), ['dark']);
});
