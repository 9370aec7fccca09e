/** A plain text mail to one person. */
export type Mail = {
  /** The same mail has the same id, however often it is sent: letters, digits and dashes. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
};

/** Throws MailRefused or whatever went wrong. */
export type SendMail = (mail: Mail, signal: AbortSignal) => Promise<void>;

/** The mail server does not take it. Says its code alone and keeps no cause: servers quote the recipient's address. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
  /** Another attempt would be refused as well. */
  readonly permanent: boolean;

  constructor({ code, permanent }: { readonly code: string; readonly permanent: boolean }) {
    super(`mail not taken: ${code}`);
    this.permanent = permanent;
  }
}

/** A mail as nodemailer takes it. Its id makes the Message-ID, so that one that was sent twice is known as one. */
export function messageOf({ id, to, subject, text }: Mail, from: string) {
  const domain = /@([^@<>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    from,
    // As an object it is one address, whatever is in it.
    to: { name: '', address: to },
    subject,
    text,
    messageId: `<${id}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    xMailer: false as const,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
