import type { Effect } from '../../../proto/gen/shopfast/audit/v1/audit.ts';
import { Role as WireRole, type User as WireUser } from '../../../proto/gen/shopfast/users/v1/users.ts';
import type { Role, User, UserEventType } from '../domain/user.ts';
import type { UserEffect } from '../domain/user-effect.ts';

const ROLE: Readonly<Record<Role, WireRole>> = {
  customer: WireRole.ROLE_CUSTOMER,
  operator: WireRole.ROLE_OPERATOR,
  admin: WireRole.ROLE_ADMIN,
};

const EFFECT_KIND: Readonly<Record<UserEventType, string>> = {
  'user.registered': 'registered',
  'user.deactivated': 'deactivated',
};

export function userMessage({ id, email, name, role, active, address, createdAt, updatedAt }: User): WireUser {
  return { id, email, name, role: ROLE[role], active, ...(address ? { address } : {}), createdAt, updatedAt };
}

export function effectMessage({ sequence, atMicros, type, userId }: UserEffect): Effect {
  return {
    sequence: Number(sequence),
    kind: EFFECT_KIND[type],
    orderId: '',
    userId,
    reference: userId,
    at: new Date(Number(atMicros) / 1_000),
  };
}
