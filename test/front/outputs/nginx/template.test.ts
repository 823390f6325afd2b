import t from 'tap';
import type { UpstreamFileData, UpstreamServer } from '#vitald/front/outputs/nginx/servers.js';
import { defaultTemplate, parseTemplate, render } from '#vitald/front/outputs/nginx/template.js';

const server = (id: string, endpoint: string, up: boolean, weight = 1): UpstreamServer => ({
  id,
  address: endpoint.slice(0, endpoint.lastIndexOf(':')),
  port: Number(endpoint.slice(endpoint.lastIndexOf(':') + 1)),
  endpoint,
  weight,
  up,
  down: !up,
});

const data: UpstreamFileData = {
  checker: 'lb-1',
  listeners: [
    { name: 'web', servers: [server('app-1', '10.0.0.1:80', true, 10), server('app-2', '10.0.0.2:80', false)] },
    { name: 'api', servers: [server('v6', '[2001:db8::1]:8080', true)] },
  ],
};

const filled = (template: string): string => [...render(parseTemplate(template), data)].join('');

t.test('without a template of the operator there is an upstream for each listener', async (t) => {
  t.equal(
    filled(defaultTemplate),
    `# Written by vitald (lb-1). Changes are lost: see docs/outputs/nginx.md.
upstream web {
    server 10.0.0.1:80 weight=10 max_fails=0;
    server 10.0.0.2:80 weight=1 max_fails=0 down;
}
upstream api {
    server [2001:db8::1]:8080 weight=1 max_fails=0;
}
`,
  );
});

t.test('a template has all that is known of a server', async (t) => {
  const template = `{{#listeners}}{{#servers}}{{name}}/{{id}} {{address}} {{port}} {{{endpoint}}} {{&weight}}{{^down}} up{{/down}}{{#up}}!{{/up}}
{{/servers}}{{/listeners}}`;
  t.equal(
    filled(template),
    'web/app-1 10.0.0.1 80 10.0.0.1:80 10 up!\nweb/app-2 10.0.0.2 80 10.0.0.2:80 1\napi/v6 [2001:db8::1] 8080 [2001:db8::1]:8080 1 up!\n',
  );
});

t.test('comments, other tags, unknown names and partials are as in mustache; nothing of them runs', async (t) => {
  t.equal(
    filled('{{! a comment }}{{=<% %>=}}<% checker %>|<% nobody %>|<%> partial %>|<% constructor %>|<%# toString %>x<%/ toString %>'),
    'lb-1||||x',
  );
});

t.test('a template that is not closed says where', async (t) => {
  t.throws(() => parseTemplate('upstream {{#listeners}}'), { message: /the template cannot be read: Unclosed section "listeners" at 23/ });
  t.throws(() => parseTemplate('upstream {{name'), { message: /the template cannot be read: Unclosed tag at 15/ });
});
