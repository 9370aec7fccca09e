import { Role, type User } from '../proto/gen/shopfast/users/v1/users.ts';
import type { Role as RoleName } from './context.ts';
import { addressJson } from './wire.ts';

const ROLE_NAMES: Readonly<Record<Role, RoleName>> = {
  [Role.ROLE_UNSPECIFIED]: 'customer',
  [Role.ROLE_CUSTOMER]: 'customer',
  [Role.ROLE_OPERATOR]: 'operator',
  [Role.ROLE_ADMIN]: 'admin',
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
