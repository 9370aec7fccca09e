import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuid } from 'uuid';
import { userInactive } from './errors.ts';

export const ROLES = ['customer', 'operator', 'admin'] as const;

export type Role = (typeof ROLES)[number];

const AddressSchema = defineEntity({
  name: 'Address',
  embeddable: true,
  properties: {
    line1: p.text(),
    line2: p.text(),
    city: p.text(),
    region: p.text(),
    postalCode: p.text(),
    country: p.text(),
  },
});

export class Address extends AddressSchema.class {}
AddressSchema.setClass(Address);

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuid()),
    /** In lower case: addresses that differ in case alone are one. */
    email: p.text().unique(),
    /** Loaded only where a password is checked. */
    passwordHash: p.text().lazy().hidden(),
    name: p.text(),
    role: p.enum(ROLES).default('customer'),
    active: p.boolean().default(true),
    address: p.embedded(Address).nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

export class User extends UserSchema.class {
  requireActive(): void {
    if (!this.active) throw userInactive(this.id);
  }
}
UserSchema.setClass(User);

export const ENTITIES = [UserSchema, AddressSchema];
