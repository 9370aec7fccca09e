import { createTransport } from 'nodemailer';
import { errorField } from '../persistence/error-field.ts';
import { MailRefused, messageOf, type SendMail } from './mail.ts';

// Milliseconds for one mail, from connecting to the server's last answer.
const SEND_LIMIT_MS = 10_000;

/** Sends mails through a server: `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. */
export function createSmtp({ url, from }: { readonly url: string; readonly from: string }): SendMail {
  const transport = createTransport(url);
  return async (mail, signal) => {
    const limits = AbortSignal.any([signal, AbortSignal.timeout(SEND_LIMIT_MS)]);
    try {
      await transport.sendMail({ ...messageOf(mail, from), signal: limits });
    } catch (error: unknown) {
      signal.throwIfAborted();
      throw limits.aborted ? new MailRefused({ code: `no answer within ${SEND_LIMIT_MS} ms`, permanent: false }) : refused(error);
    }
  };
}

/** RFC 5321: 4yz is transient, 5yz is permanent. A failed login is not the mail's fault: it stays transient. */
function refused(error: unknown): MailRefused {
  const code = errorField(error, 'code') ?? 'unknown';
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'responseCode') : undefined;
  if (typeof status !== 'number') return new MailRefused({ code, permanent: false });
  return new MailRefused({ code: `SMTP ${status}`, permanent: status >= 500 && code !== 'EAUTH' });
}
