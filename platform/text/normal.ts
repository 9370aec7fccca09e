/**
 * One spelling per text (product.md 2). Stored text is NFC without invisible characters; a search compares folded text on both
 * sides.
 */

// Characters without a visible form: format controls (except the joiners that emoji and some scripts need), private use, surrogates.
const INVISIBLE = /[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u;

export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/** Whether anything of it can be seen: not only spaces, marks and joiners. */
export function isVisible(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(text);
}

/** For comparing without case: `Äpfel` and `äpfel` are equal, and so are `STRASSE` and `Straße`. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLocaleUpperCase('und').toLocaleLowerCase('und').normalize('NFC');
}

// Characters of a word that are compared. PostgreSQL limits a word to 2,046 bytes.
const WORD_MAX = 100;

/** The words of a text, folded: sequences of letters, digits and marks. Every other character separates words. */
export function wordsOf(text: string): string[] {
  const words = fold(text).match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  return words.map((word) => Array.from(word).slice(0, WORD_MAX).join(''));
}
