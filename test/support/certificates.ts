/** Self-signed certificates; vitald has the means for its demo backends. */
export { selfSigned, type Identity } from '#vitald/demo/certificate.js';
