/**
 * The certificate that a server shows, its key, and the certificates that it trusts its peers by, from files. They are
 * checked as a whole before they are used, so that a mistake is one clear line and never a server that nobody can reach.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { asError } from '../../runtime/error.ts';
import { timeFrom, wallClockMs } from '../../runtime/system.ts';
import type { TlsMaterial } from '../../runtime/tls-material.ts';
import { UsageError, contentFrom, written } from '../arguments.ts';
import type { Settings } from './settings.ts';

export const tlsHelp = `With a certificate, clients and peers are served over TLS, and peers asked over TLS. SIGHUP reads the files again.
  --tls-cert PATH             the certificate, in PEM, followed by those between it and its CA
  --tls-key PATH              its private key, in PEM, without a passphrase
  --tls-ca PATH               the certificates of the CAs that peers' certificates must be from, whatever name they are
                              for (default: those that Node.js trusts, and the peer's name or address)`;

const text = { type: 'string' } as const;

export const tlsOptionSpecs = { 'tls-cert': text, 'tls-key': text, 'tls-ca': text } as const;

type Flag = keyof typeof tlsOptionSpecs;

export class TlsFiles {
  readonly #settings: Pick<Settings<Flag>, 'text' | 'nameOf'>;

  constructor(settings: Pick<Settings<Flag>, 'text' | 'nameOf'>) {
    this.#settings = settings;
  }

  /** What the files hold now; undefined if none is named. Throws a UsageError. */
  read(): TlsMaterial | undefined {
    const [cert, key, ca] = [this.#content('tls-cert'), this.#content('tls-key'), this.#content('tls-ca')];
    if (cert === undefined && key === undefined && ca === undefined) return undefined;
    if (cert === undefined || key === undefined) {
      throw new UsageError(
        ca === undefined
          ? '--tls-cert and --tls-key are given together, or neither'
          : '--tls-ca is given with --tls-cert and --tls-key',
      );
    }
    const certificate = certificateIn(this.#place('tls-cert'), cert);
    const privateKey = this.#keyIn('tls-key', key);
    if (!certificate.checkPrivateKey(privateKey)) {
      throw new UsageError(
        `${this.#place('tls-key')} is not the key of the certificate in ${this.#place('tls-cert')}`,
      );
    }
    if (ca !== undefined) certificateIn(this.#place('tls-ca'), ca);
    return { cert, key, ca };
  }

  /** A sentence about the certificate if its time has not come or has passed. */
  static fault({ cert }: TlsMaterial): string | undefined {
    const { validFrom, validTo } = new X509Certificate(cert);
    const nowMs = wallClockMs();
    if (timeFrom(validFrom) > nowMs) return `the certificate is not valid before ${validFrom}`;
    return timeFrom(validTo) < nowMs ? `the certificate has expired: ${validTo}` : undefined;
  }

  #content(flag: Flag): string | undefined {
    const path = this.#settings.text(flag);
    return path === undefined ? undefined : contentFrom(this.#settings.nameOf(flag), path);
  }

  #place(flag: Flag): string {
    return `${written(this.#settings.nameOf(flag))} ${this.#settings.text(flag)}`;
  }

  #keyIn(flag: Flag, pem: string): ReturnType<typeof createPrivateKey> {
    try {
      return createPrivateKey(pem);
    } catch (error) {
      const isEncrypted = pem.includes('ENCRYPTED');
      const why = isEncrypted
        ? 'has a passphrase, which cannot be given'
        : `is not a private key in PEM: ${asError(error).message}`;
      throw new UsageError(`${this.#place(flag)} ${why}`);
    }
  }
}

/** The first certificate in a text, which is from the place that a UsageError names. Throws one if there is none. */
export function certificateIn(place: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new UsageError(`${place} is not a certificate in PEM: ${asError(error).message}`);
  }
}
