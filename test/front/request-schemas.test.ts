/** Schemas of requests are compiled at the first request (front/api/lazy-compiler.ts); a mistake in one must show here. */
import { Ajv } from 'ajv';
import t from 'tap';
import { compileLazily } from '#vitald/front/api/lazy-compiler.js';
import { routes } from '#vitald/front/api/routes.js';

t.test('every schema of parameters and bodies is a correct JSON Schema that ajv compiles', (t) => {
  const parameters = new Ajv({ coerceTypes: 'array', useDefaults: true });
  const bodies = new Ajv({ strict: false });
  for (const { method = 'GET', url, schema } of routes) {
    for (const part of [schema.params, schema.querystring]) if (part !== undefined) parameters.compile(part);
    if (schema.body !== undefined) bodies.compile(schema.body);
    t.pass(`${method} ${url}`);
  }
  t.end();
});

t.test('a validator that is compiled lazily has the errors of its last call only', (t) => {
  const validate = compileLazily(new Ajv({ validateSchema: false }), { type: 'integer', maximum: 3 });
  t.notOk(validate(4));
  t.match(validate.errors, [{ keyword: 'maximum' }]);
  t.ok(validate(2));
  t.equal(validate.errors, null);
  t.end();
});
