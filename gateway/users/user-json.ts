import * as z from 'zod';
import { type User, Role as WireRole } from '../../proto/gen/shopfast/users/v1/users.ts';
import { addressJson } from '../http/json.ts';
import { address, id, role, time } from '../http/schemas.ts';
import type { Role } from '../identity/caller.ts';

export const userSchema = z
  .strictObject({
    id,
    email: z.string(),
    name: z.string(),
    role,
    active: z.boolean(),
    address: address.optional(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'User' });

const ROLE_NAMES: Readonly<Record<WireRole, Role>> = {
  [WireRole.ROLE_UNSPECIFIED]: 'customer',
  [WireRole.ROLE_CUSTOMER]: 'customer',
  [WireRole.ROLE_OPERATOR]: 'operator',
  [WireRole.ROLE_ADMIN]: 'admin',
};

export function userJson(user: User) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    role: ROLE_NAMES[user.role],
    active: user.active,
    ...(user.address ? { address: addressJson(user.address) } : {}),
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}
