/** Backends of measurements: addresses of 127.0.0.0/8, all of them this machine. 127.1.0.1, 127.1.0.2 … */
export function loopbackAddress(place: number): string {
  return `127.${1 + Math.floor(place / 62_500)}.${Math.floor(place / 250) % 250}.${1 + (place % 250)}`;
}

export function loopbackAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, place) => loopbackAddress(place));
}
