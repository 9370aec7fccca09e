// Shortest and longest number of a payment card (ISO/IEC 7812-1).
const CARD_DIGITS = { min: 12, max: 19 };

/** Whether a text holds digits that may be a card number. Spaces and hyphens between them do not hide it. */
export function looksLikeCardNumber(text: string): boolean {
  const groups = text.match(/\d(?:[\s\-.]?\d)*/g) ?? [];
  return groups.map((group) => group.replace(/\D/g, '')).some((digits) => isLength(digits) && passesLuhn(digits));
}

function isLength({ length }: string): boolean {
  return length >= CARD_DIGITS.min && length <= CARD_DIGITS.max;
}

/** The check digit of card numbers: from the right, every second digit is doubled, and the sum of all digits ends in 0. */
function passesLuhn(digits: string): boolean {
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, character, index) => {
      const digit = Number(character) * (index % 2 === 1 ? 2 : 1);
      return total + (digit > 9 ? digit - 9 : digit);
    }, 0);
  return sum % 10 === 0;
}
