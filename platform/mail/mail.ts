/** A plain text mail to one person. */
export type Mail = {
  /** The same mail has the same id, however often it is sent: letters, digits and dashes. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
};

/** Throws MailRefused, or the error of the transport. */
export type SendMail = (mail: Mail, signal: AbortSignal) => Promise<void>;

/** The mail server has refused a mail. Has its code and no cause, because servers quote the recipient's address. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
  /** Another attempt would be refused too. */
  readonly permanent: boolean;

  constructor({ code, permanent }: { readonly code: string; readonly permanent: boolean }) {
    super(`mail not taken: ${code}`);
    this.permanent = permanent;
  }
}

/** A mail in nodemailer's form. The Message-ID derives from its id, so that receivers recognise a mail that was sent twice. */
export function messageOf({ id, to, subject, text }: Mail, from: string) {
  const domain = /@([^@<>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    from,
    // As an object it is one address, even with a comma in it.
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
