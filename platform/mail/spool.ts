import { randomUUID } from 'node:crypto';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import MailComposer from 'nodemailer/lib/mail-composer';
import { errorField } from '../persistence/error-field.ts';
import { messageOf, type SendMail } from './mail.ts';

const ID = /^[\w-]{1,100}$/;

/**
 * Writes mails to a folder, one `<id>.eml` (RFC 5322) each. A file is complete or absent, and writing the same mail again changes
 * nothing.
 */
export function createSpool({ folder, from }: { readonly folder: string; readonly from: string }): SendMail {
  return async (mail) => {
    if (!ID.test(mail.id)) throw new Error('A mail for the spool has an id that is no file name');
    const message = await new MailComposer({ ...messageOf(mail, from), newline: 'windows' }).compile().build();
    const unfinished = join(folder, `.${mail.id}.${randomUUID()}`);
    try {
      await writeDown(unfinished, message).catch(async (error: unknown) => {
        if (errorField(error, 'code') !== 'ENOENT') throw error;
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeDown(unfinished, message);
      });
      // Unlike a rename, a link fails when the name is taken.
      await link(unfinished, join(folder, `${mail.id}.eml`));
    } catch (error: unknown) {
      if (errorField(error, 'code') !== 'EEXIST') throw error;
    } finally {
      await unlink(unfinished).catch(() => {});
    }
  };
}

async function writeDown(file: string, content: Buffer): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
