/** What must not stand as it is in a string of JSON, or in a label of a metric. Works on UTF-8: all of it is ASCII. */
export interface Escapes {
  /** By byte: what to write instead; undefined: the byte itself. */
  readonly texts: readonly (string | undefined)[];
  /** Bytes of the longest. */
  readonly longest: number;
}

/** RFC 8259, section 7, in the way of JSON.stringify: the short form where there is one. */
export const jsonEscapes = escapes((byte) => {
  const text = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
  return text.length > 1 ? text : undefined;
});

/** Label values escape backslash, quotation mark and line feed (Prometheus exposition formats, “Comments, help text”). */
export const labelEscapes = escapes((byte) => ({ '\\': '\\\\', '\n': '\\n', '"': '\\"' })[String.fromCharCode(byte)]);

function escapes(of: (byte: number) => string | undefined): Escapes {
  // Bytes from 0x80 on are parts of longer characters, which need no escape.
  const texts = Array.from({ length: 256 }, (_, byte) => (byte < 0x80 ? of(byte) : undefined));
  return { texts, longest: Math.max(...texts.map((text) => text?.length ?? 1)) };
}
