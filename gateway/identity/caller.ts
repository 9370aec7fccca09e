import { HttpProblem, unauthenticated } from '../http/problem.ts';

export const ROLES = ['customer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Roles that run the shop. */
export const OPERATORS = ['operator', 'admin'] as const satisfies readonly Role[];

/** The calling user, named by the access token. */
export type Caller = { readonly userId: string; readonly role: Role };

type Identified = { readonly state: { readonly caller?: Caller } };

/** The calling user; throws 401 without one. */
export function signedIn({ state: { caller } }: Identified): Caller {
  if (!caller) throw unauthenticated('This needs an access token.');
  return caller;
}

/** The calling user in one of these roles; throws 401 without a user and 403 in another role. */
export function inRole(ctx: Identified, roles: readonly Role[]): Caller {
  const caller = signedIn(ctx);
  if (!roles.includes(caller.role)) {
    throw new HttpProblem({ reason: 'forbidden', detail: `This needs the role ${roles.join(' or ')}.` });
  }
  return caller;
}

/** Operators and admins see what belongs to any user. */
export function seesEverything(caller: Caller): boolean {
  return caller.role !== 'customer';
}
