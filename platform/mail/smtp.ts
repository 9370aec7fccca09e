import { createTransport } from 'nodemailer';
import { errorField } from '../persistence/error-field.ts';
import { MailRefused, messageOf, type SendMail } from './mail.ts';

// Milliseconds for one mail, from the connection to the server's last word.
const SEND_LIMIT_MS = 10_000;

/** Hands mails to a server: `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. */
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

/** RFC 5321: 4yz may pass, 5yz will not. What failed at signing in is ours to mend, and the mail is still good. */
function refused(error: unknown): MailRefused {
  const code = errorField(error, 'code') ?? 'unknown';
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'responseCode') : undefined;
  if (typeof status !== 'number') return new MailRefused({ code, permanent: false });
  return new MailRefused({ code: `SMTP ${status}`, permanent: status >= 500 && code !== 'EAUTH' });
}
