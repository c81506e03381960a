/**
 * What a server needs for TLS: its certificate with its key, and whom it trusts. All are texts in PEM.
 */
export interface TlsMaterial {
  /** The certificate, followed by those between it and its CA. */
  readonly cert: string;
  readonly key: string;
  /** The certificates of the CAs that peers' certificates must be from; undefined for those that Node.js trusts. */
  readonly ca: string | undefined;
}
