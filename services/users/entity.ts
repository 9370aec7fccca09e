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
    /** Set by the database when the account is deactivated, as are the sequences that tell who came and went in which order. */
    deactivatedAt: p.datetime().nullable(),
    deactivationReason: p.text().default(''),
    registeredSequence: p.bigint('string').defaultRaw('next_user_effect()'),
    deactivatedSequence: p.bigint('string').nullable(),
  },
});

/** What a user may change of the profile; absent: unchanged. */
export type ProfileChange = {
  /** In lower case. */
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly address?: Address | undefined;
};

export class User extends UserSchema.class {
  change({ email, name, address }: ProfileChange): void {
    this.requireActive();
    if (email !== undefined) this.email = email;
    if (name !== undefined) this.name = name;
    if (address !== undefined) this.address = address;
  }

  /** The first reason stays: a user who is deactivated already is left as is. */
  deactivate(reason: string): void {
    if (!this.active) return;
    this.active = false;
    this.deactivationReason = reason;
  }

  requireActive(): void {
    if (!this.active) throw userInactive(this.id);
  }
}
UserSchema.setClass(User);

export const ENTITIES = [UserSchema, AddressSchema];
