/** Answers of the API, held against what OpenAPI says of them. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Route } from '#vitald/front/http/route.js';
import { sharedSchemas } from '#vitald/front/api/schemas/index.js';

const ajv = new Ajv2020({
  allowUnionTypes: true,
  strictTypes: false,
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ },
});
for (const schema of sharedSchemas) ajv.addSchema(schema);

interface SomeAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What is wrong with an answer; undefined: it is as documented. */
export function undocumented({ schema }: Route, { statusCode, headers, body }: SomeAnswer): string | undefined {
  const documented = schema.response[statusCode];
  if (!documented) return `the answer ${statusCode} is not documented: ${body}`;
  if (Object.keys(documented.content).length === 0) return body === '' ? undefined : `${statusCode} should have no body: ${body}`;
  const mediaType = String(headers['content-type']).split(';')[0]!;
  const media = documented.content[mediaType];
  if (!media) return `${mediaType} is not documented`;
  return ajv.validate(media.schema, mediaType.endsWith('json') ? JSON.parse(body) : body) ? undefined : ajv.errorsText();
}
