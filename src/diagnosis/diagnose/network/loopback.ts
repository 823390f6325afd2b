/** All of 127.0.0.0/8 belongs to loopback, although only one address of it is listed. @param address canonical text */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
